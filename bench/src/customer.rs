//! A caller that orders, as the page does: through the public entry, with a session, a new key for each order.
//!
//! Invariant: every call is a new order; an answer that is not 202, or an order that has not come as far as was waited
//! for, is a failure.

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::order::list;
use e2e::{Client, Order, Role, SignIn, Target};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::load::Caller;

/// Drinks in each order, one line for each.
const LINES: usize = 3;
/// What each store gets of each item before it is measured: more than all drinks together need.
const STOCK: u64 = 1_000_000_000;
/// As long as the order service waits at most, and a bit.
const WAIT: &str = "wait=10";

/// When an order counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// It is stored, and will be paid at the counter: answered at once.
    Accepted,
    /// It is paid by card and confirmed: answered then.
    Confirmed,
}

/// Somebody who is signed in, and knows what to order.
#[derive(Clone)]
pub struct Customer {
    client: Client,
    /// The same drinks at each store.
    orders: Vec<Value>,
    until: Until,
    next: usize,
}

impl Customer {
    /// The demo customer, signed in through the pages, at stores that run out of nothing.
    pub async fn arrive(target: &Target) -> Result<Self> {
        let client = Client::signed_in(target, target.sign_in(Role::Customer)?).await?;
        let manager = Client::signed_in(target, target.sign_in(Role::Manager)?).await?;
        let stores = client.get("/api/stores").await?.expect(StatusCode::OK)?;
        let mut orders = Vec::new();
        for store in list(&stores.json()?["items"]) {
            let store = store["id"].as_str().context("a store has no id")?;
            stock_up(&manager, store).await?;
            let menu = client.get(&format!("/api/stores/{store}/menu")).await?;
            orders.push(three_drinks(&menu.expect(StatusCode::OK)?.json()?)?);
        }
        ensure!(!orders.is_empty(), "there is no store");
        Ok(Self {
            client,
            orders,
            until: Until::Accepted,
            next: 0,
        })
    }

    /// Orders so often as this person, at a counter; gives the orders.
    pub async fn orders_of(target: &Target, person: &SignIn, count: usize) -> Result<Vec<String>> {
        let guest = Client::signed_in(target, person).await?;
        let arrived = Self::arrive(target).await?;
        let customer = Self {
            client: guest,
            ..arrived
        };
        let mut orders = Vec::with_capacity(count);
        for _ in 0..count {
            orders.push(Order::read(&customer.order().await?)?.id);
        }
        Ok(orders)
    }

    /// The same customer, who waits until then, and pays accordingly.
    #[must_use]
    pub fn waiting(&self, until: Until) -> Self {
        let mut customer = Self {
            until,
            ..self.clone()
        };
        for order in &mut customer.orders {
            order["payment"] = match until {
                Until::Accepted => json!({ "method": "counter" }),
                Until::Confirmed => json!({ "method": "card", "token": "tok_visa" }),
            };
        }
        customer
    }

    /// The ids of the stores.
    pub fn stores(&self) -> Result<Vec<&str>> {
        let ids = self.orders.iter().map(|order| order["store_id"].as_str());
        ids.collect::<Option<_>>().context("a menu has no store")
    }

    /// The path of the first store's menu at the public entry, and that menu.
    pub async fn menu(&self) -> Result<(String, String)> {
        let path = format!("/api/stores/{}/menu", self.stores()?[0]);
        let menu = self.client.get(&path).await?.expect(StatusCode::OK)?;
        Ok((path, menu.body))
    }

    /// Orders once, waits until that is confirmed, and shows it.
    pub async fn order(&self) -> Result<Value> {
        let placed = self.client.place(&self.orders[0], &fresh()).await?;
        let placed = placed.expect(StatusCode::ACCEPTED)?.json()?;
        let order = Order::read(&placed)?;
        ensure!(order.checkout == "confirmed", "not confirmed: {placed}");
        Ok(placed)
    }

    /// The data of the events about an order that was answered.
    #[must_use]
    pub fn event_of(order: &Value) -> Value {
        json!({
            "order_id": order["id"], "store_id": order["store_id"], "number": order["number"],
            "checkout": order["checkout"], "fulfilment": order["fulfilment"], "version": order["version"],
            "total": order["total"], "payment": order["payment"], "reason": order["reason"],
            "occurred_at": order["placed_at"],
        })
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
        let wait = (self.until == Until::Confirmed).then_some(WAIT);
        let answer = self.client.place_waiting(order, &fresh(), wait).await?;
        let answer = answer.expect(StatusCode::ACCEPTED)?;
        if self.until == Until::Confirmed {
            let order = Order::read(&answer.json()?)?;
            ensure!(order.checkout == "confirmed", "not confirmed: {order:?}");
        }
        Ok(())
    }
}

/// Fills a store's shelves, as its manager does.
async fn stock_up(manager: &Client, store: &str) -> Result<()> {
    let stock = format!("/api/stores/{store}/stock?limit=100");
    let stock = manager.get(&stock).await?.expect(StatusCode::OK)?.json()?;
    ensure!(stock["next"].is_null(), "a store keeps more than a page");
    for level in list(&stock["items"]) {
        let receipt =
            json!({ "item_id": level["item_id"], "quantity": STOCK, "reason": "for the bench" });
        let path = format!("/api/stores/{store}/receipts");
        let key = fresh();
        let keyed = [("idempotency-key", key.as_str())];
        let done = manager.post(&path, &receipt, &keyed).await?;
        done.expect(StatusCode::OK)?;
    }
    Ok(())
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
