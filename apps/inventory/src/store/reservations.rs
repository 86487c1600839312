//! Reservations, one per order for ever.
//!
//! Invariant: whoever changes one holds its row, by having inserted it or by [`find_for_update`].

use chrono::{DateTime, Utc};
use service::idempotency::Fingerprint;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Result;
use crate::reservation::{Claim, OrderId, Reservation, Status};
use crate::stock::{ItemId, Portion, StoreId};

struct Row {
    order_id: OrderId,
    store_id: Option<StoreId>,
    fingerprint: Option<Vec<u8>>,
    status: Status,
    items: Vec<Uuid>,
    quantities: Vec<i64>,
    version: i64,
    expires_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Reservation {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self> {
        let claim = match (row.store_id, row.fingerprint, row.expires_at) {
            (Some(store_id), Some(fingerprint), Some(expires_at)) => Some(Claim {
                store_id,
                fingerprint: Fingerprint::try_from(fingerprint)
                    .map_err(|error| sqlx::Error::Decode(error.into()))?,
                expires_at,
            }),
            _ => None,
        };
        let portions = row.items.into_iter().zip(row.quantities);
        let portion = |(item, quantity)| Portion {
            item_id: ItemId(item),
            quantity,
        };
        Ok(Self {
            order_id: row.order_id,
            claim,
            status: row.status,
            portions: portions.map(portion).collect(),
            version: row.version,
        })
    }
}

/// Stores a new reservation or tombstone, unless its order has one; says whether it did. Waits for another transaction
/// that is storing one.
pub async fn insert(
    connection: &mut PgConnection,
    reservation: &Reservation,
    now: DateTime<Utc>,
) -> Result<bool> {
    let portions = &reservation.portions;
    let items: Vec<_> = portions.iter().map(|portion| portion.item_id.0).collect();
    let quantities: Vec<_> = portions.iter().map(|portion| portion.quantity).collect();
    let claim = reservation.claim.as_ref();
    let inserted = sqlx::query!(
        "INSERT INTO reservations (order_id, store_id, fingerprint, status, items, quantities, version, created_at,
                                   expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (order_id) DO NOTHING",
        reservation.order_id.0,
        claim.map(|claim| claim.store_id.0),
        claim.map(|claim| claim.fingerprint.as_ref()),
        reservation.status as Status,
        &items,
        &quantities,
        reservation.version,
        now,
        claim.map(|claim| claim.expires_at),
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Stores what has become of a reservation.
pub async fn update(connection: &mut PgConnection, reservation: &Reservation) -> Result<()> {
    sqlx::query!(
        "UPDATE reservations SET status = $2, version = $3 WHERE order_id = $1",
        reservation.order_id.0,
        reservation.status as Status,
        reservation.version,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The reservation of an order, if it has one.
pub async fn find(connection: &mut PgConnection, order: OrderId) -> Result<Option<Reservation>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT order_id AS "order_id: OrderId", store_id AS "store_id: StoreId", fingerprint,
                  status AS "status: Status", items, quantities, version, expires_at
           FROM reservations WHERE order_id = $1"#,
        order.0,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Reservation::try_from).transpose()
}

/// The same, locked until the caller's transaction ends.
pub async fn find_for_update(
    connection: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Reservation>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT order_id AS "order_id: OrderId", store_id AS "store_id: StoreId", fingerprint,
                  status AS "status: Status", items, quantities, version, expires_at
           FROM reservations WHERE order_id = $1 FOR NO KEY UPDATE"#,
        order.0,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Reservation::try_from).transpose()
}

/// One that is held for longer than it may be, locked; none that somebody else is changing.
pub async fn find_expired(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Option<Reservation>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT order_id AS "order_id: OrderId", store_id AS "store_id: StoreId", fingerprint,
                  status AS "status: Status", items, quantities, version, expires_at
           FROM reservations WHERE status = 'held' AND expires_at <= $1
           ORDER BY expires_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"#,
        now,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Reservation::try_from).transpose()
}
