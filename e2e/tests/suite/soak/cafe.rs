//! The café of the day: what everybody knows of it, and what its manager may change there.
//!
//! Invariant: each change says what it is to be, however often its button is pressed; `tidy` leaves all as it was.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::order::{coffee, list};
use e2e::{Answer, Client};
use proptest::sample::Index;
use reqwest::header::{ETAG, IF_MATCH, LOCATION};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::people::Person;
use crate::menu::change;
use crate::stack::{menu, word};

/// What everybody knows.
#[derive(Clone)]
pub struct Cafe {
    wish: Value,
    currency: Value,
    code: Value,
    orders: Arc<Mutex<Vec<String>>>,
    price: Row,
    fees: Row,
    discount: Row,
}

/// Something that a manager changes: where it is, and what it was at first.
#[derive(Clone)]
struct Row {
    path: String,
    at_first: Value,
}

/// The same money, and so much more.
fn more(money: &Value, much: i64) -> Result<Value> {
    let amount = money["amount"].as_i64().context("an amount")?;
    Ok(json!({ "amount": amount + much, "currency": money["currency"] }))
}

impl Cafe {
    /// The one that its manager opens, with a code in its window.
    pub async fn open(manager: &Person) -> Result<Self> {
        let manager = manager.signed_in().await?;
        let menu = menu(manager).await?;
        let wish = coffee(&menu)?;
        let store = word(&wish, "store_id");
        let item = word(&wish["lines"][0], "variation_id");
        let read = async |path: String, name: &str| {
            let row = manager.get(&path).await?.expect(StatusCode::OK)?.json()?;
            let at_first = json!({ name: row[name] });
            anyhow::Ok(Row { path, at_first })
        };
        let price = read(format!("/api/stores/{store}/prices/{item}"), "price").await?;
        let fees = read(format!("/api/stores/{store}/zones"), "zones").await?;
        let code = format!("soak-{}", &fresh()[13..]);
        let at_first = json!({
            "code": code, "percent_bp": 1500, "starts_at": "2026-01-01T00:00:00Z", "active": true,
        });
        let made = manager.post("/api/discounts", &at_first, &[]).await?;
        let made = made.expect(StatusCode::CREATED)?;
        let path = made.header(LOCATION).replace("/v1/", "/api/");
        Ok(Self {
            currency: menu["currency"].clone(),
            code: json!(code),
            orders: Arc::default(),
            price,
            fees,
            discount: Row { path, at_first },
            wish,
        })
    }

    /// A wish for what everybody orders, to be paid at the counter.
    pub fn wish(&self, quantity: u8) -> Value {
        let mut wish = self.wish.clone();
        wish["lines"][0]["quantity"] = json!(quantity);
        wish
    }

    /// So much money.
    pub fn money(&self, amount: i64) -> Value {
        json!({ "amount": amount, "currency": self.currency })
    }

    /// What takes something off.
    pub fn code(&self) -> &Value {
        &self.code
    }

    /// Asks so much more for what everybody orders than at first.
    pub async fn ask_more(&self, manager: &Person, much: i64) -> Result<Answer> {
        let mut price = self.price.at_first.clone();
        price["price"] = more(&price["price"], much)?;
        self.price.put(manager, &price).await
    }

    /// Asks so much more for bringing it, wherever it is brought, than at first.
    pub async fn drive_for_more(&self, manager: &Person, much: i64) -> Result<Answer> {
        let mut fees = self.fees.at_first.clone();
        for zone in fees["zones"].as_array_mut().context("zones")? {
            zone["fee"] = more(&zone["fee"], much)?;
        }
        self.fees.put(manager, &fees).await
    }

    /// Says whether the code takes something off.
    pub async fn give(&self, manager: &Person, active: bool) -> Result<Answer> {
        let mut discount = self.discount.at_first.clone();
        discount["active"] = json!(active);
        self.discount.put(manager, &discount).await
    }

    /// Has everybody know of an order.
    pub fn know(&self, order: &str) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.push(order.to_owned());
    }

    /// One of the orders that are known.
    pub fn any_order(&self, which: Index) -> Option<String> {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        (!orders.is_empty()).then(|| which.get(&orders).clone())
    }

    /// Leaves prices and fees as they were, and takes the code out of the window.
    pub async fn tidy(&self, manager: &Person) -> Result<()> {
        let manager = manager.signed_in().await?;
        for row in [&self.price, &self.fees] {
            change(manager, Method::PUT, &row.path, Some(&row.at_first)).await?;
        }
        change(manager, Method::DELETE, &self.discount.path, None).await
    }
}

impl Row {
    async fn put(&self, manager: &Person, wanted: &Value) -> Result<Answer> {
        let button = || self.put_once(manager.browser(), wanted);
        manager.press("a manager's change", button).await
    }

    async fn put_once(&self, manager: &Client, wanted: &Value) -> Result<Answer> {
        let now = manager.get(&self.path).await?;
        if now.status != StatusCode::OK {
            return Ok(now);
        }
        let (request, trace) = manager.request(&Method::PUT, &self.path)?;
        let request = request.header(IF_MATCH, now.header(ETAG)).json(wanted);
        let answer = manager.send((request, trace)).await?;
        // An earlier press was served late, between this reading and this writing.
        ensure!(
            answer.status != StatusCode::PRECONDITION_FAILED,
            "{answer:?}"
        );
        Ok(answer)
    }
}

/// The slots of the store that can still be had, as their beginnings.
pub fn free(slots: &Value) -> Vec<&Value> {
    let slots = list(&slots["slots"]).iter();
    let free = slots.filter(|slot| slot["left"].as_i64() > Some(0));
    free.map(|slot| &slot["at"]).collect()
}
