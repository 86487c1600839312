//! A caller that orders, as the page does: through the public entry, with a session, a new key for each order.
//!
//! Invariant: every call is a new order; an answer that is not 202 is a failure.

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::order::list;
use e2e::{Client, Order, Role, Target};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::load::Caller;

/// Drinks in each order, one line for each.
const LINES: usize = 3;

/// Somebody who is signed in, and knows what to order.
#[derive(Clone)]
pub struct Customer {
    client: Client,
    /// The same drinks at each store.
    orders: Vec<Value>,
    next: usize,
}

impl Customer {
    /// The demo customer, signed in through the pages.
    pub async fn arrive(target: &Target) -> Result<Self> {
        let client = Client::signed_in(target, target.sign_in(Role::Customer)?).await?;
        let stores = client.get("/api/stores").await?.expect(StatusCode::OK)?;
        let mut orders = Vec::new();
        for store in list(&stores.json()?["items"]) {
            let store = store["id"].as_str().context("a store has no id")?;
            let menu = client.get(&format!("/api/stores/{store}/menu")).await?;
            orders.push(three_drinks(&menu.expect(StatusCode::OK)?.json()?)?);
        }
        ensure!(!orders.is_empty(), "there is no store");
        Ok(Self {
            client,
            orders,
            next: 0,
        })
    }

    /// The path of the first store's menu at the public entry, and that menu.
    pub async fn menu(&self) -> Result<(String, String)> {
        let store = self.orders[0]["store_id"].as_str();
        let store = store.context("a menu has no store")?;
        let path = format!("/api/stores/{store}/menu");
        let menu = self.client.get(&path).await?.expect(StatusCode::OK)?;
        Ok((path, menu.body))
    }

    /// Orders once, and shows what the answer is.
    pub async fn order(&self) -> Result<Value> {
        let placed = self.client.place(&self.orders[0], &fresh()).await?;
        let placed = placed.expect(StatusCode::ACCEPTED)?.json()?;
        Order::read(&placed)?;
        Ok(placed)
    }

    /// Callers that order at all stores in turn.
    #[must_use]
    pub fn callers(&self, count: usize) -> Vec<Self> {
        let nth = |next| Self {
            next,
            ..self.clone()
        };
        (0..count).map(nth).collect()
    }
}

impl Caller for Customer {
    async fn call(&mut self) -> Result<()> {
        let order = &self.orders[self.next % self.orders.len()];
        self.next = self.next.wrapping_add(1);
        let answer = self.client.place(order, &fresh()).await?;
        answer.expect(StatusCode::ACCEPTED).map(drop)
    }
}

fn three_drinks(menu: &Value) -> Result<Value> {
    let categories = list(&menu["categories"]).iter();
    let products = categories.flat_map(|category| list(&category["products"]));
    let lines: Vec<_> = products.take(LINES).map(line).collect();
    ensure!(
        lines.len() == LINES,
        "the menu has fewer than {LINES} products"
    );
    Ok(json!({ "store_id": menu["store_id"], "lines": lines, "payment": { "method": "counter" } }))
}

fn line(product: &Value) -> Value {
    let groups = list(&product["option_groups"]).iter();
    let options = groups.flat_map(|group| list(&group["options"]));
    let by_default = options.filter(|option| option["default"] == true);
    let ids: Vec<_> = by_default.map(|option| &option["id"]).collect();
    json!({ "variation_id": product["variations"][0]["id"], "quantity": 1, "option_ids": ids })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_the_options_that_come_by_default() {
        let product = json!({
            "variations": [{ "id": "v" }],
            "option_groups": [{ "options": [{ "id": "a", "default": true }, { "id": "b", "default": false }] }],
        });
        let expected = json!({ "variation_id": "v", "quantity": 1, "option_ids": ["a"] });
        assert_eq!(line(&product), expected);
    }
}
