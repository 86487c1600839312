//! What tests of the checkout do over and over: order by card, wait for the outcome, count stock, move the provider.
//!
//! Invariant: all of it goes through the public entry, but for the provider's own control interface.

use anyhow::{Context as _, Result, ensure};
use e2e::client::{fresh, plain};
use e2e::order::list;
use e2e::patience::until;
use e2e::{Client, Order, Role, Target};
use reqwest::StatusCode;
use serde_json::{Value, json};
use url::Url;

use crate::stack::{GENEROUS, browser, menu, word};
use crate::tokens::secret;

/// How an order ends: its checkout, its payment's status, the reason.
pub type End = (&'static str, &'static str, Option<&'static str>);

/// Taken on, and paid by card.
pub const PAID: End = ("confirmed", "captured", None);
/// How long an order may take to come to its end: a saga goes forward for half a minute, and then back.
pub const ENDS: std::time::Duration = std::time::Duration::from_mins(1);

/// The same wish, to be paid by a card.
pub fn by_card(mut wish: Value, token: &str) -> Value {
    wish["payment"] = json!({ "method": "card", "token": token });
    wish
}

/// So many minor units; none of what is no money.
pub fn amount(money: &Value) -> i64 {
    money["amount"].as_i64().unwrap_or_default()
}

/// A wish for one of the product of this name, as it comes by default, to be paid at the counter.
pub fn wish_for(menu: &Value, product: &str) -> Result<Value> {
    let mut products = list(&menu["categories"])
        .iter()
        .flat_map(|category| list(&category["products"]));
    let found = products.find(|row| row["name"] == product);
    let found = found.with_context(|| format!("{product} is not on the menu"))?;
    let options = list(&found["option_groups"])
        .iter()
        .flat_map(|group| list(&group["options"]));
    let chosen: Vec<_> = options
        .filter(|option| option["default"] == true)
        .map(|option| &option["id"])
        .collect();
    let variation = &found["variations"][0]["id"];
    let line = json!({ "variation_id": variation, "quantity": 1, "option_ids": chosen });
    Ok(json!({ "store_id": menu["store_id"], "lines": [line], "payment": { "method": "counter" } }))
}

/// Places an order and does not wait for its outcome.
pub async fn place_at_once(customer: &Client, wish: &Value) -> Result<Order> {
    let placed = customer.place_waiting(wish, &fresh(), None).await?;
    Order::read(&placed.expect(StatusCode::ACCEPTED)?.json()?)
}

/// Orders a coffee by card; returns when its end is known, or when the café has taken its time.
pub async fn order_by_card(customer: &Client, token: &str) -> Result<Order> {
    let wish = by_card(e2e::coffee(&menu(customer).await?)?, token);
    let placed = customer.place(&wish, &fresh()).await?;
    Order::read(&placed.expect(StatusCode::ACCEPTED)?.json()?)
}

/// The order as it is now.
pub async fn look(client: &Client, order: &str) -> Result<Order> {
    let answer = client.get(&format!("/api/orders/{order}")).await?;
    Order::read(&answer.expect(StatusCode::OK)?.json()?)
}

/// Returns when an order is not pending any more. What can't be asked for a moment is asked again.
pub async fn outcome(client: &Client, order: &str) -> Result<Order> {
    until(&format!("the outcome of order {order}"), ENDS, || async {
        let order = look(client, order).await.ok()?;
        (order.checkout != "pending").then_some(order)
    })
    .await
}

/// Waits until the order's checkout is over; its money is kept if it was confirmed, and not otherwise.
pub async fn charged_if_confirmed(target: &Target, client: &Client, order: &str) -> Result<()> {
    let order = outcome(client, order).await?;
    let kept = times(target, &order.id, "captured")? - times(target, &order.id, "refunded")?;
    let expected = usize::from(order.checkout == "confirmed");
    ensure!(kept == expected, "{kept} captures are kept: {order:?}");
    Ok(())
}

/// Holds an order's outcome against what is expected.
pub async fn ends(client: &Client, order: &str, expected: End) -> Result<Order> {
    let order = outcome(client, order).await?;
    let told = (
        order.checkout.as_str(),
        word(&order.payment, "status"),
        order.reason.as_deref(),
    );
    ensure!(
        told == expected,
        "it ended as {told:?} rather than {expected:?}: {order:?}"
    );
    Ok(order)
}

/// What the provider has in its books about an order: kind and status, oldest first.
pub fn booked(target: &Target, order: &str) -> Result<Vec<(String, String)>> {
    let lines = target.books()?;
    let own = lines.iter().filter(|line| line["reference"] == order);
    Ok(own
        .map(|line| {
            (
                word(line, "kind").to_owned(),
                word(line, "status").to_owned(),
            )
        })
        .collect())
}

/// How often the provider did something for an order.
pub fn times(target: &Target, order: &str, status: &str) -> Result<usize> {
    let booked = booked(target, order)?;
    Ok(booked.iter().filter(|(_, told)| told == status).count())
}

/// The provider, as those who run it reach it.
pub struct Desk {
    http: reqwest::Client,
    url: Url,
    key: String,
    /// What it signs its messages with.
    pub webhook_secret: String,
}

impl Desk {
    /// The provider's desk.
    pub async fn of(target: &Target) -> Result<Self> {
        let secret = secret(target, "acquirer", "merchant").await?;
        Ok(Self {
            http: plain(target)?,
            url: target.provider()?.url,
            key: word(&secret, "api_key").to_owned(),
            webhook_secret: word(&secret, "webhook_secret").to_owned(),
        })
    }

    /// What befalls every call: `none`, `down`, `slow`, `hang`.
    pub async fn outage(&self, mode: &str) -> Result<()> {
        self.put("/control/outage", &json!({ "mode": mode })).await
    }

    /// Whether voids and refunds of `tok_undo_fails` work.
    pub async fn undo(&self, works: bool) -> Result<()> {
        self.put("/control/undo", &json!({ "works": works })).await
    }

    /// Has it do something that payment does not ask for; answers its id.
    pub async fn does(&self, path: &str, body: &Value) -> Result<String> {
        let request = self.http.post(self.url.join(path)?).bearer_auth(&self.key);
        let answer = request
            .header("idempotency-key", fresh())
            .json(body)
            .send()
            .await?
            .error_for_status()?;
        let done: Value = serde_json::from_slice(&answer.bytes().await?)?;
        Ok(word(&done, "id").to_owned())
    }

    async fn put(&self, path: &str, body: &Value) -> Result<()> {
        let request = self.http.put(self.url.join(path)?).bearer_auth(&self.key);
        let answer = request.json(body).send().await?;
        let status = answer.status();
        ensure!(
            status.is_success(),
            "the provider answered {path} with {status}"
        );
        Ok(())
    }
}

/// One finished good at the store where tests order, as its manager counts it.
pub struct Shelf {
    manager: Client,
    store: String,
    item: String,
}

impl Shelf {
    /// The item whose name has this in it.
    pub async fn of(target: &Target, name: &str) -> Result<Self> {
        let manager = browser(target, Role::Manager).await?;
        let store = word(&menu(&manager).await?, "store_id").to_owned();
        let mut shelf = Self {
            manager,
            store,
            item: String::new(),
        };
        let levels = shelf.levels().await?;
        let named = |level: &&Value| word(level, "name").to_lowercase().contains(name);
        let level = levels.iter().find(named);
        let level = level.with_context(|| format!("no store keeps {name}"))?;
        shelf.item = word(level, "item_id").to_owned();
        Ok(shelf)
    }

    async fn levels(&self) -> Result<Vec<Value>> {
        let mut levels = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/stores/{}/stock?limit=100{cursor}", self.store);
            let page = self
                .manager
                .get(&path)
                .await?
                .expect(StatusCode::OK)?
                .json()?;
            levels.extend(list(&page["items"]).iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(levels),
            }
        }
    }

    /// The level as it is.
    pub async fn level(&self) -> Result<Value> {
        let levels = self.levels().await?;
        let own = levels
            .into_iter()
            .find(|level| level["item_id"] == self.item.as_str());
        own.context("the level is gone")
    }

    /// Counts until so many are available.
    pub async fn count(&self, wanted: i64) -> Result<()> {
        until(&format!("{wanted} available"), GENEROUS, || async {
            let available = self.level().await.ok()?["available"].as_i64()?;
            if available == wanted {
                return Some(());
            }
            let path = format!("/api/stores/{}/adjustments", self.store);
            let change = json!({
                "item_id": self.item, "quantity": wanted - available, "reason": "counted for a test",
            });
            let key = fresh();
            let keyed = [("idempotency-key", key.as_str())];
            // Refused if somebody bought meanwhile; then it is counted again.
            self.manager.post(&path, &change, &keyed).await.ok()?;
            None
        })
        .await
    }
}
