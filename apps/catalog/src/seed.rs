//! The demonstration's catalogue, embedded: two stores and a café's menu.
//!
//! Invariant: it is written whole or not at all, and only while there is no store; what somebody changed stays.

use serde::Deserialize;
use service::database;
use service::money::Currency;
use sqlx::PgPool;

use crate::hours::Weekly;
use crate::menu::{CategoryId, GroupId, OptionId, ProductId, StoreId, VariationId};
use crate::store;

const DEMO: &str = include_str!("../seed/menu.json");

/// A seed that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The embedded file is not what this module reads.
    #[error("the embedded menu can't be read")]
    Menu(#[from] serde_json::Error),
    /// The database refused it.
    #[error("the database refused the menu")]
    Database(#[from] sqlx::Error),
}

/// Fills an empty catalogue; tells whether it was empty.
pub async fn demo(db: &PgPool) -> Result<bool, SeedError> {
    let seed: Seed = serde_json::from_str(DEMO)?;
    let mut transaction = database::begin(db).await?;
    let empty = store::lock_if_empty(&mut transaction).await?;
    if empty {
        store::insert(&mut transaction, &seed).await?;
    }
    transaction.commit().await?;
    Ok(empty)
}

/// A whole catalogue, as the file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// Prices below are given in the order of these stores.
    pub stores: Vec<SeedStore>,
    /// Choices that products share.
    pub option_groups: Vec<SeedGroup>,
    /// The menu.
    pub categories: Vec<SeedCategory>,
}

/// A store.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedStore {
    /// Its id.
    pub id: StoreId,
    /// The name on the sign.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// Town.
    pub city: String,
    /// IANA zone.
    pub timezone: String,
    /// Of all its prices.
    pub currency: Currency,
    /// Rates in basis points.
    pub tax: SeedTax,
    /// By weekday.
    pub hours: Weekly,
}

/// A store's rate for each class of goods, in basis points.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedTax {
    /// Drinks made here.
    pub drink: i32,
    /// Food.
    pub food: i32,
    /// Beans and what else is taken home.
    pub goods: i32,
}

/// A category with its products.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedCategory {
    /// Its id.
    pub id: CategoryId,
    /// The heading.
    pub name: String,
    /// In the order they are shown.
    pub products: Vec<SeedProduct>,
}

/// A product with its variations.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedProduct {
    /// Its id.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// Slug of the picture.
    pub image: String,
    /// Short names.
    pub allergens: Vec<String>,
    /// `drink`, `food` or `goods`.
    pub tax_class: String,
    /// Groups that apply to it, in the order they are shown.
    pub option_groups: Vec<GroupId>,
    /// In the order they are shown.
    pub variations: Vec<SeedVariation>,
}

/// A variation with its price in each store; `null` where it is not sold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedVariation {
    /// Its id.
    pub id: VariationId,
    /// Its name.
    pub name: String,
    /// In minor units.
    pub prices: Vec<Option<i64>>,
}

/// An option group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedGroup {
    /// Its id.
    pub id: GroupId,
    /// What is chosen.
    pub name: String,
    /// At least so many.
    pub min: i16,
    /// At most so many.
    pub max: i16,
    /// In the order they are shown.
    pub options: Vec<SeedOption>,
}

/// An option with its price in each store; `null` where it is not to be had.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedOption {
    /// Its id.
    pub id: OptionId,
    /// Its name.
    pub name: String,
    /// In minor units.
    pub prices: Vec<Option<i64>>,
    /// Chosen until the customer chooses otherwise.
    #[serde(default)]
    pub default: bool,
}
