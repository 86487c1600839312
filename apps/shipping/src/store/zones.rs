//! Stores and their zones.
//!
//! Invariant: zones are replaced whole, under the lock of their store, by somebody who has seen the version they had.

use service::money::Currency;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::Result;
use crate::postcode::Country;
use crate::zone::{StoreId, Zone, Zones};

/// A store with its zones, or `None` without such a store.
pub async fn read(connection: &mut PgConnection, store: StoreId) -> Result<Option<Zones>> {
    let found = sqlx::query!(
        r#"SELECT country, currency, version, zones AS "zones: Json<Vec<Zone>>" FROM stores WHERE id = $1"#,
        store.0
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = found else {
        return Ok(None);
    };
    let odd = |error: String| sqlx::Error::Decode(error.into());
    Ok(Some(Zones {
        store_id: store,
        country: row
            .country
            .parse()
            .map_err(|error: crate::postcode::UnknownCountry| odd(error.to_string()))?,
        currency: row
            .currency
            .parse()
            .map_err(|error: service::money::MoneyError| odd(error.to_string()))?,
        version: row.version,
        zones: row.zones.0,
    }))
}

/// Locks a store, if there is one, until the caller's transaction ends.
pub async fn lock(connection: &mut PgConnection, store: StoreId) -> Result<()> {
    sqlx::query!("SELECT id FROM stores WHERE id = $1 FOR UPDATE", store.0)
        .fetch_optional(connection)
        .await?;
    Ok(())
}

/// Puts these zones in the place of a store's. The caller holds its lock.
pub async fn replace(connection: &mut PgConnection, store: StoreId, zones: &[Zone]) -> Result<()> {
    sqlx::query!(
        "UPDATE stores SET zones = $2, version = version + 1 WHERE id = $1",
        store.0,
        Json(zones) as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Waits for any other seeding; says whether there is no store yet.
pub async fn lock_if_empty(connection: &mut PgConnection) -> Result<bool> {
    sqlx::query!("LOCK TABLE stores IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *connection)
        .await?;
    let empty = sqlx::query_scalar!(r#"SELECT NOT EXISTS (SELECT FROM stores) AS "empty!""#)
        .fetch_one(connection)
        .await?;
    Ok(empty)
}

/// Adds a store.
pub async fn insert(
    connection: &mut PgConnection,
    store: StoreId,
    country: Country,
    currency: Currency,
    zones: &[Zone],
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO stores (id, country, currency, zones) VALUES ($1, $2, $3, $4)",
        store.0,
        country.code(),
        currency.as_str(),
        Json(zones) as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}
