//! The demonstration's zones, embedded: the stores' own cities.
//!
//! Invariant: they are written whole or not at all, and only while there is no store; what somebody changed stays.

use serde::Deserialize;
use service::database;
use service::money::Currency;
use sqlx::PgPool;

use crate::postcode::Country;
use crate::store::zones;
use crate::zone::{self, StoreId, Zone};

const DEMO: &str = include_str!("../seed/zones.json");

/// A seed that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The embedded file is not what this module reads.
    #[error("the embedded zones can't be read")]
    Zones(#[from] serde_json::Error),
    /// The embedded zones can't be.
    #[error("the embedded zones can't be: {0:?}")]
    Faults(Vec<(String, String)>),
    /// The database refused them.
    #[error("the database refused the zones")]
    Database(#[from] sqlx::Error),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Store {
    id: StoreId,
    country: Country,
    currency: Currency,
    zones: Vec<Zone>,
}

/// Fills a database without stores; tells whether it was one.
pub async fn demo(db: &PgPool) -> Result<bool, SeedError> {
    let stores: Vec<Store> = serde_json::from_str(DEMO)?;
    let mut transaction = database::begin(db).await?;
    let empty = zones::lock_if_empty(&mut transaction).await?;
    if empty {
        for store in stores {
            let checked = zone::check(store.zones, store.currency)
                .map_err(|faults| SeedError::Faults(faults.0))?;
            let (country, currency) = (store.country, store.currency);
            zones::insert(&mut transaction, store.id, country, currency, &checked).await?;
        }
    }
    transaction.commit().await?;
    Ok(empty)
}
