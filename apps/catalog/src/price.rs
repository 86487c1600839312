//! What a store asks for an item: one price for each variation and each option, now and from planned instants on.
//!
//! Invariant: an item without a price is not sold there.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::money::{Currency, Money};
use uuid::Uuid;

use crate::error::FieldFault;
use crate::fields::MOST;

/// What has a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    /// A size or portion of a product.
    Variation,
    /// What is added to it.
    Option,
}

/// What a store asks for an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Price")]
pub struct Price {
    /// Of what.
    pub item_id: Uuid,
    /// What that is.
    pub item: ItemKind,
    /// The product, or the option group, that it is of.
    pub of: String,
    /// Its name.
    pub name: String,
    /// For one, tax included; null where it is not sold.
    pub price: Option<Money>,
    /// Grows with every change of it, 0 before the first.
    pub version: i64,
}

/// A price to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "PriceChange")]
pub struct PriceChange {
    /// Its id.
    pub id: Uuid,
    /// Of what.
    pub item_id: Uuid,
    /// What that is.
    pub item: ItemKind,
    /// From then on, tax included; null ends the sale.
    pub price: Option<Money>,
    /// When it takes effect.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub takes_effect_at: DateTime<Utc>,
}

/// The amount of a price in the store's currency, or what is wrong with it.
pub fn amount_in(currency: Currency, price: Money) -> Result<i64, FieldFault> {
    if price.currency != currency {
        let detail = format!("the store's currency is {currency}");
        return Err(FieldFault::at("/price/currency", detail));
    }
    if !(0..=MOST).contains(&price.amount) {
        return Err(FieldFault::at(
            "/price/amount",
            format!("must be 0 to {MOST}"),
        ));
    }
    Ok(price.amount)
}
