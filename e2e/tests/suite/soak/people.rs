//! Those who use a café: customers, a barista and a manager, each with chances of their own.
//!
//! Invariant: a button that nobody serves is pressed again; what is refused with a reason counts as refused, whatever the
//! reason. What must hold in spite of all is not judged here.

use std::ops::AddAssign;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::order::{STEPS, coffee, list};
use e2e::patience::until;
use e2e::{Answer, Client, Order, Role, SignIn, Target};
use proptest::prelude::{Just, any};
use proptest::prop_oneof;
use proptest::sample::Index;
use proptest::strategy::Strategy;
use reqwest::header::{ETAG, IF_MATCH};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Chance;
use crate::healing::PATIENCE;
use crate::shop::by_card;
use crate::stack::{menu, word};

/// What everybody knows of the café.
#[derive(Clone)]
pub struct Cafe {
    wish: Value,
    currency: Value,
    orders: Arc<Mutex<Vec<String>>>,
    price: Value,
}

/// Somebody at a browser.
pub struct Person {
    client: Client,
    sign_in: SignIn,
}

impl Person {
    /// Somebody who has just registered.
    pub async fn new(target: &Target) -> Result<Self> {
        let client = Client::new(target)?;
        let sign_in = client.register().await?;
        Ok(Self { client, sign_in })
    }

    /// Somebody of the demonstration.
    pub async fn of(target: &Target, role: Role) -> Result<Self> {
        let sign_in = target.sign_in(role)?.clone();
        let client = Client::signed_in(target, &sign_in).await?;
        Ok(Self { client, sign_in })
    }

    /// The browser, with a session that was good just now.
    pub async fn signed_in(&self) -> Result<&Client> {
        let asked = || self.client.get("/api/orders?limit=1");
        self.press("their orders", asked).await?;
        Ok(&self.client)
    }

    /// Presses a button until somebody has served it. Who is signed out, because Redis is gone, signs in again.
    async fn press<F: Future<Output = Result<Answer>>>(
        &self,
        what: &str,
        mut button: impl FnMut() -> F,
    ) -> Result<Answer> {
        until(what, PATIENCE, || {
            let pressed = button();
            async {
                let answer = pressed.await.ok()?;
                if answer.status == StatusCode::UNAUTHORIZED {
                    self.client.sign_in(&self.sign_in).await.ok();
                    return None;
                }
                let served = !answer.status.is_server_error()
                    && answer.status != StatusCode::TOO_MANY_REQUESTS
                    // The first press is still being served.
                    && !answer.body.contains(":idempotency-key-in-flight");
                served.then_some(answer)
            }
        })
        .await
    }
}

/// How often what was tried worked, and how often it was refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    ordered: u32,
    cancelled: u32,
    advanced: u32,
    returned: u32,
    repriced: u32,
    refused: u32,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.ordered += other.ordered;
        self.cancelled += other.cancelled;
        self.advanced += other.advanced;
        self.returned += other.returned;
        self.repriced += other.repriced;
        self.refused += other.refused;
    }
}

impl Tally {
    /// Refuses a day on which nothing much happened.
    pub fn is_a_day(self, pairs: u32, lasts: Duration) -> Result<()> {
        // A pair of faults takes a few seconds; people do what they can in between.
        let least = u32::try_from(lasts.as_secs() / 20)?;
        let worked = [self.ordered, self.advanced];
        ensure!(
            pairs >= least && worked.into_iter().all(|times| times >= least),
            "{pairs} pairs of faults, and {self:?}"
        );
        Ok(())
    }
}

impl Cafe {
    /// The one that its manager opens.
    pub async fn open(manager: &Person) -> Result<Self> {
        let manager = &manager.client;
        let menu = menu(manager).await?;
        let mut cafe = Self {
            wish: coffee(&menu)?,
            currency: menu["currency"].clone(),
            orders: Arc::default(),
            price: Value::Null,
        };
        let row = manager.get(&cafe.price_row()).await?;
        cafe.price = row.expect(StatusCode::OK)?.json()?["price"].clone();
        Ok(cafe)
    }

    /// Where the price of what everybody orders is.
    fn price_row(&self) -> String {
        let item = word(&self.wish["lines"][0], "variation_id");
        let store = word(&self.wish, "store_id");
        format!("/api/stores/{store}/prices/{item}")
    }

    /// Asks so much more for it than at first.
    async fn ask_more(&self, manager: &Client, more: i64) -> Result<Answer> {
        let row = self.price_row();
        let now = manager.get(&row).await?;
        let mut price = self.price.clone();
        price["amount"] = json!(price["amount"].as_i64().context("an amount")? + more);
        let (request, trace) = manager.request(&Method::PUT, &row)?;
        let request = request.header(IF_MATCH, now.header(ETAG));
        let change = json!({ "price": price });
        manager.send((request.json(&change), trace)).await
    }

    fn know(&self, order: &str) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.push(order.to_owned());
    }

    fn any_order(&self, which: Index) -> Option<String> {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        (!orders.is_empty()).then(|| which.get(&orders).clone())
    }

    /// Leaves the price as it was.
    pub async fn tidy(&self, manager: &Person) -> Result<()> {
        let asked = || self.ask_more(&manager.client, 0);
        let answer = manager.press("the old price", asked).await?;
        answer.expect(StatusCode::OK).map(drop)
    }
}

/// What a customer does next.
#[derive(Clone, Debug)]
enum Wish {
    Order {
        quantity: u8,
        card: Option<&'static str>,
        tip: i64,
        quoted: bool,
        slot: Option<Index>,
    },
    Cancel(Index),
    Fill(u8),
}

fn wishes() -> impl Strategy<Value = Wish> {
    let cards = prop_oneof![
        6 => Just(Some("tok_visa")),
        3 => Just(None),
        1 => Just(Some("tok_declined")),
        1 => Just(Some("tok_capture_declined")),
        1 => Just(Some("tok_slow")),
        1 => Just(Some("tok_hang_authorise")),
        1 => Just(Some("tok_lost_authorise")),
        1 => Just(Some("tok_lost_capture")),
        1 => Just(Some("tok_lost_refund")),
        1 => Just(Some("tok_late_authorise")),
    ];
    let tips = prop_oneof![2 => Just(0_i64), 1 => 1..300_i64];
    let slots = prop_oneof![4 => Just(None), 1 => any::<Index>().prop_map(Some)];
    let orders = (1..4_u8, cards, tips, any::<bool>(), slots);
    let orders = orders.prop_map(|(quantity, card, tip, quoted, slot)| Wish::Order {
        quantity,
        card,
        tip,
        quoted,
        slot,
    });
    prop_oneof![
        6 => orders,
        2 => any::<Index>().prop_map(Wish::Cancel),
        1 => (1..4_u8).prop_map(Wish::Fill),
    ]
}

/// Somebody who orders.
pub struct Customer {
    person: Person,
    chance: Chance,
    cafe: Cafe,
    orders: Vec<String>,
    tally: Tally,
}

impl Customer {
    /// Somebody in a café.
    pub fn new(person: Person, chance: Chance, cafe: Cafe) -> Self {
        Self {
            person,
            chance,
            cafe,
            orders: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Does one thing after the other until the café closes; gives the orders that were taken, and how it went.
    pub async fn day(
        mut self,
        open: watch::Receiver<bool>,
    ) -> Result<(Person, Vec<String>, Tally)> {
        while *open.borrow() {
            pause(&mut self.chance).await?;
            match self.chance.draw(&wishes())? {
                Wish::Order {
                    quantity,
                    card,
                    tip,
                    quoted,
                    slot,
                } => {
                    let mut wish = self.cafe.wish.clone();
                    wish["lines"][0]["quantity"] = json!(quantity);
                    if quoted {
                        self.quote(&mut wish).await?;
                    }
                    if let Some(slot) = slot {
                        self.choose_slot(&mut wish, slot).await?;
                    }
                    if tip > 0 {
                        wish["tip"] = json!({ "amount": tip, "currency": self.cafe.currency });
                    }
                    let wish = card.map_or(wish.clone(), |card| by_card(wish, card));
                    self.order(&wish).await?;
                }
                Wish::Cancel(which) => self.cancel(which).await?,
                Wish::Fill(quantity) => self.fill(quantity).await?,
            }
        }
        Ok((self.person, self.orders, self.tally))
    }

    async fn order(&mut self, wish: &Value) -> Result<()> {
        let key = fresh();
        let client = &self.person.client;
        let placing = || client.place_waiting(wish, &key, Some("wait=2"));
        let answer = self.person.press("an order", placing).await?;
        if answer.status != StatusCode::ACCEPTED {
            self.tally.refused += 1;
            return Ok(());
        }
        let id = Order::read(&answer.json()?)?.id;
        self.tally.ordered += 1;
        self.cafe.know(&id);
        self.orders.push(id);
        Ok(())
    }

    async fn quote(&mut self, wish: &mut Value) -> Result<()> {
        let asked = json!({ "store_id": wish["store_id"], "lines": wish["lines"] });
        let quoted = self
            .person
            .press("a quote", || {
                self.person.client.post("/api/quotes", &asked, &[])
            })
            .await?;
        if quoted.status == StatusCode::OK {
            wish["quote"] = quoted.json()?["quote"].clone();
        } else {
            self.tally.refused += 1;
        }
        Ok(())
    }

    async fn choose_slot(&mut self, wish: &mut Value, which: Index) -> Result<()> {
        let path = format!("/api/stores/{}/slots", word(wish, "store_id"));
        let slots = self
            .person
            .press("the slots", || self.person.client.get(&path))
            .await?;
        let slots = slots.expect(StatusCode::OK)?.json()?;
        let slots = list(&slots["slots"]);
        // None is left shortly before closing.
        if !slots.is_empty() {
            wish["pickup"] = which.get(slots)["at"].clone();
        }
        Ok(())
    }

    async fn cancel(&mut self, which: Index) -> Result<()> {
        if self.orders.is_empty() {
            return Ok(());
        }
        let order = which.get(&self.orders).clone();
        let answer = self
            .person
            .press("a cancellation", || self.person.client.cancel(&order))
            .await?;
        let done = answer.status.is_success();
        self.tally.cancelled += u32::from(done);
        self.tally.refused += u32::from(!done);
        Ok(())
    }

    async fn fill(&mut self, quantity: u8) -> Result<()> {
        let mut basket = json!({
            "store_id": self.cafe.wish["store_id"], "lines": self.cafe.wish["lines"],
        });
        basket["lines"][0]["quantity"] = json!(quantity);
        let held = self
            .person
            .press("the basket", || self.person.client.get("/api/basket"))
            .await?;
        let condition = match held.header(ETAG) {
            "" => ("if-none-match", "*".to_owned()),
            tag => ("if-match", tag.to_owned()),
        };
        let (name, tag) = &condition;
        self.person
            .press("the basket's change", || async {
                let (request, trace) = self.person.client.request(&Method::PUT, "/api/basket")?;
                let request = request.header(*name, tag).json(&basket);
                self.person.client.send((request, trace)).await
            })
            .await
            .map(drop)
    }
}

/// Somebody who makes what was ordered, and takes back what was bad, until the café closes.
pub async fn barista(
    person: Person,
    mut chance: Chance,
    cafe: Cafe,
    open: watch::Receiver<bool>,
) -> Result<Tally> {
    let mut tally = Tally::default();
    while *open.borrow() {
        let (which, comes_back) = chance.draw(&(any::<Index>(), proptest::bool::weighted(0.3)))?;
        pause(&mut chance).await?;
        let Some(id) = cafe.any_order(which) else {
            continue;
        };
        let path = format!("/api/orders/{id}");
        let read = person
            .press("an order", || person.client.get(&path))
            .await?;
        let order = Order::read(&read.expect(StatusCode::OK)?.json()?)?;
        let at = STEPS.iter().position(|step| *step == order.fulfilment);
        let next = STEPS.get(at.context("a known step")? + 1);
        let answer = match next {
            Some(step) if order.checkout == "confirmed" => {
                let answer = person
                    .press(step, || person.client.advance(&id, order.version, step))
                    .await?;
                tally.advanced += u32::from(answer.status.is_success());
                answer
            }
            None if comes_back => {
                let (path, key) = (format!("{path}/returns"), fresh());
                let keyed = [("idempotency-key", key.as_str())];
                let body = json!({
                    "lines": [{ "line": 1, "quantity": 1, "goods": "wasted" }], "reason": "quality",
                });
                let answer = person
                    .press("a return", || person.client.post(&path, &body, &keyed))
                    .await?;
                tally.returned += u32::from(answer.status.is_success());
                answer
            }
            _ => continue,
        };
        tally.refused += u32::from(!answer.status.is_success());
    }
    Ok(tally)
}

/// Somebody who changes what everybody pays, until the café closes.
pub async fn manager(
    person: Person,
    mut chance: Chance,
    cafe: Cafe,
    open: watch::Receiver<bool>,
) -> Result<Tally> {
    let mut tally = Tally::default();
    while *open.borrow() {
        let more = chance.draw(&(-20..=20_i64))?;
        let answer = person
            .press("another price", || cafe.ask_more(&person.client, more))
            .await?;
        tally.repriced += u32::from(answer.status.is_success());
        tally.refused += u32::from(!answer.status.is_success());
        pause(&mut chance).await?;
    }
    Ok(tally)
}

/// People think before they act: a fifth of a second at most.
async fn pause(chance: &mut Chance) -> Result<()> {
    let millis = chance.draw(&(0..200_u64))?;
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Ok(())
}
