//! Orders, as far as a client of the public interface cares.
//!
//! Invariant: only what the interface promises is read; the rest of an answer may change freely.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Value, json};

/// The steps of an order, from first to last.
pub const STEPS: [&str; 4] = ["waiting", "preparation", "ready", "delivered"];

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Order {
    /// Its id.
    pub id: String,
    /// What is called out at the counter.
    pub number: String,
    /// Where it is made.
    pub store_id: String,
    /// The deal.
    pub checkout: String,
    /// The making.
    pub fulfilment: String,
    /// Grows by one with each transition.
    pub version: i64,
    /// What was ordered.
    pub lines: Vec<Value>,
    /// What it costs.
    pub total: Value,
    /// How it is paid.
    pub payment: Value,
    /// How it is brought, if it is.
    #[serde(default)]
    pub delivery: Value,
    /// Why it is, or will be, cancelled.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Order {
    /// Reads it out of an answer's body.
    pub fn read(body: &Value) -> Result<Self> {
        Self::deserialize(body).with_context(|| format!("no order: {body}"))
    }

    /// Whether both axes are at their ends.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.fulfilment == "delivered" && self.checkout == "completed"
    }
}

/// An order of one drink, the first of the menu whose options can be chosen, as it comes by default, paid at the counter.
pub fn coffee(menu: &Value) -> Result<Value> {
    let products = list(&menu["categories"])
        .iter()
        .flat_map(|category| list(&category["products"]));
    let product = products
        .into_iter()
        .find(|product| !list(&product["option_groups"]).is_empty());
    let product = product.context("the menu has no drink with options")?;
    let options = list(&product["option_groups"])
        .iter()
        .flat_map(|group| list(&group["options"]));
    let chosen: Vec<_> = options
        .filter(|option| option["default"] == true)
        .map(|option| &option["id"])
        .collect();
    let line = json!({ "variation_id": product["variations"][0]["id"], "quantity": 1, "option_ids": chosen });
    Ok(json!({ "store_id": menu["store_id"], "lines": [line], "payment": { "method": "counter" } }))
}

/// The members of an array; none of anything else.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
