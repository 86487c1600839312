//! What the world was told of levels and of what is sold out.
//!
//! Invariant: who tells holds [`lead`]'s lock, so that no version is told twice; no level is locked for it.

use sqlx::PgConnection;

use super::Result;
use crate::recipe::SoldOut;
use crate::stock::{ItemId, Level, StoreId, Unit};

/// The advisory lock's key: "told" in ASCII. Such locks are per database, hence per service.
const LOCK: i64 = 0x746f_6c64;

/// A level that has changed since it was told.
#[derive(Clone, Debug)]
pub struct Untold {
    /// Where it stands now.
    pub level: Level,
    /// Whether it was low when it was told.
    pub was_low: bool,
    /// How many alerts there were so far.
    pub alerts: i64,
}

/// Whether anything has changed since it was told.
pub async fn is_pending(connection: &mut PgConnection) -> Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM levels LEFT JOIN told USING (store_id, item_id)
               WHERE told.version IS DISTINCT FROM levels.version
           ) AS "pending!""#
    )
    .fetch_one(connection)
    .await
}

/// Makes the caller's transaction the only one that tells, unless another is.
pub async fn lead(connection: &mut PgConnection) -> Result<bool> {
    sqlx::query_scalar!(r#"SELECT pg_try_advisory_xact_lock($1) AS "locked!""#, LOCK)
        .fetch_one(connection)
        .await
}

/// At most `limit` levels that have changed since they were told.
pub async fn untold(connection: &mut PgConnection, limit: i64) -> Result<Vec<Untold>> {
    let rows = sqlx::query!(
        r#"SELECT level.store_id AS "store_id: StoreId", level.item_id AS "item_id: ItemId", item.name,
                  item.unit AS "unit: Unit", level.available, level.reserved, level.initial, level.received,
                  level.restocked, level.adjusted, level.sold, level.wasted, level.threshold, level.version,
                  coalesce(told.low, false) AS "was_low!", coalesce(told.alerts, 0) AS "alerts!"
           FROM levels AS level
           JOIN items AS item ON item.id = level.item_id
           LEFT JOIN told ON told.store_id = level.store_id AND told.item_id = level.item_id
           WHERE told.version IS DISTINCT FROM level.version
           ORDER BY level.store_id, level.item_id LIMIT $1"#,
        limit,
    )
    .fetch_all(connection)
    .await?;
    let untold = rows.into_iter().map(|row| Untold {
        level: Level {
            store_id: row.store_id,
            item_id: row.item_id,
            name: row.name,
            unit: row.unit,
            available: row.available,
            reserved: row.reserved,
            on_hand: row.available + row.reserved,
            initial: row.initial,
            received: row.received,
            restocked: row.restocked,
            adjusted: row.adjusted,
            sold: row.sold,
            wasted: row.wasted,
            threshold: row.threshold,
            low: row.available < row.threshold,
            version: row.version,
        },
        was_low: row.was_low,
        alerts: row.alerts,
    });
    Ok(untold.collect())
}

/// Notes that these levels were told as they are here, with as many alerts.
pub async fn note(connection: &mut PgConnection, told: &[Untold]) -> Result<()> {
    let stores: Vec<_> = told.iter().map(|it| it.level.store_id.0).collect();
    let items: Vec<_> = told.iter().map(|it| it.level.item_id.0).collect();
    let versions: Vec<_> = told.iter().map(|it| it.level.version).collect();
    let low: Vec<_> = told.iter().map(|it| it.level.low).collect();
    let alerts: Vec<_> = told.iter().map(|it| it.alerts).collect();
    sqlx::query!(
        "INSERT INTO told (store_id, item_id, version, low, alerts)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::boolean[], $5::bigint[])
         ON CONFLICT (store_id, item_id) DO UPDATE
         SET version = excluded.version, low = excluded.low, alerts = excluded.alerts",
        &stores,
        &items,
        &versions,
        &low,
        &alerts,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What can't be made in a store, as it was told last, and the version of that; nothing without such a store.
pub async fn availability(
    connection: &mut PgConnection,
    store: StoreId,
) -> Result<Option<(SoldOut, i64)>> {
    let row = sqlx::query!(
        "SELECT sold_out_variations, sold_out_options, availability_version FROM stores WHERE id = $1",
        store.0,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| {
        let sold_out = SoldOut {
            variations: row.sold_out_variations,
            options: row.sold_out_options,
        };
        (sold_out, row.availability_version)
    }))
}

/// Stores what can't be made in a store from now on; says the version of that.
pub async fn set_availability(
    connection: &mut PgConnection,
    store: StoreId,
    sold_out: &SoldOut,
) -> Result<i64> {
    sqlx::query_scalar!(
        "UPDATE stores SET sold_out_variations = $2, sold_out_options = $3,
                           availability_version = availability_version + 1
         WHERE id = $1 RETURNING availability_version",
        store.0,
        &sold_out.variations,
        &sold_out.options,
    )
    .fetch_one(connection)
    .await
}
