//! The demonstration's stock, embedded: what the catalog's demonstration menu is made of, and plenty of it.
//!
//! Invariant: it is written whole or not at all, and only while there is no store; what somebody changed stays.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use service::database;
use service::ids::Ids;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::config::APP;
use crate::stock::{ItemId, Kind, Movement, Portion, Posting, StoreId, Unit};
use crate::store::levels::Guard;
use crate::store::{levels, recipes};

const DEMO: &str = include_str!("../seed/stock.json");

/// A seed that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The embedded file is not what this module reads.
    #[error("the embedded stock can't be read")]
    Stock(#[from] serde_json::Error),
    /// The database refused it.
    #[error("the database refused the stock")]
    Database(#[from] sqlx::Error),
}

/// Stock and recipes, as the file has them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    /// Every store keeps every item.
    stores: Vec<StoreId>,
    items: Vec<SeedItem>,
    /// What one piece of a variation takes, by item.
    variations: BTreeMap<Uuid, BTreeMap<ItemId, i64>>,
    /// What one choice of an option takes, by item.
    options: BTreeMap<Uuid, BTreeMap<ItemId, i64>>,
}

/// An item, and how much of it each store begins with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedItem {
    id: ItemId,
    name: String,
    unit: Unit,
    initial: i64,
    threshold: i64,
}

/// Fills an empty inventory; tells whether it was empty.
pub async fn demo(db: &PgPool, ids: &Ids, now: DateTime<Utc>) -> Result<bool, SeedError> {
    let seed: Seed = serde_json::from_str(DEMO)?;
    let mut transaction = database::begin(db).await?;
    let empty = recipes::lock_if_empty(&mut transaction).await?;
    if empty {
        insert(&mut transaction, &seed, ids, now).await?;
    }
    transaction.commit().await?;
    Ok(empty)
}

/// Row by row: it is done once in a database's life.
async fn insert(
    connection: &mut PgConnection,
    seed: &Seed,
    ids: &Ids,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    for item in &seed.items {
        recipes::insert_item(connection, item.id, &item.name, item.unit).await?;
    }
    for (variation, recipe) in &seed.variations {
        for portion in portions(recipe) {
            recipes::insert_variation_recipe(connection, *variation, portion).await?;
        }
    }
    for (option, recipe) in &seed.options {
        for portion in portions(recipe) {
            recipes::insert_option_recipe(connection, *option, portion).await?;
        }
    }
    for store in &seed.stores {
        recipes::insert_store(connection, *store).await?;
        for item in &seed.items {
            recipes::insert_level(connection, *store, item.id, item.threshold).await?;
        }
        let initial = |item: &SeedItem| Movement {
            id: ids.next(),
            item_id: item.id,
            kind: Kind::Initial,
            quantity: item.initial,
            reason: None,
        };
        let posting = Posting {
            store_id: *store,
            order_id: None,
            return_id: None,
            actor: APP.to_owned(),
            at: now,
            movements: seed.items.iter().map(initial).collect(),
        };
        levels::post(connection, &posting, Guard::On).await?;
    }
    Ok(())
}

fn portions(recipe: &BTreeMap<ItemId, i64>) -> impl Iterator<Item = Portion> + '_ {
    recipe.iter().map(|(item_id, quantity)| Portion {
        item_id: *item_id,
        quantity: *quantity,
    })
}
