//! Those who work in the café: a barista and a manager, each with chances of their own.
//!
//! Invariant: the manager leaves no change undone that belongs to every day; what is to be brought, the last barista sees
//! to its end.

use std::collections::VecDeque;

use anyhow::{Result, ensure};
use e2e::client::fresh;
use e2e::order::STEPS;
use e2e::patience::until;
use e2e::{Client, Order};
use proptest::prelude::{Just, any};
use proptest::prop_oneof;
use proptest::sample::Index;
use proptest::strategy::Strategy;
use reqwest::StatusCode;
use serde_json::json;
use tokio::sync::watch;

use super::Chance;
use super::cafe::Cafe;
use super::people::{Person, pause};
use super::tally::{Deed, Tally};
use crate::shop::{ENDS, look};

/// How often a change is refused that belongs to every day.
const MOST_REFUSALS: u32 = 20;

/// What staff does about an order next, if it is theirs to do: couriers come before it is begun, and hand it over.
fn next(order: &Order) -> Option<&'static str> {
    let courier = order.delivery["courier"].as_str();
    let is_couriers = match order.fulfilment.as_str() {
        "waiting" => matches!(courier, Some("awaited" | "failed")),
        // What came back to the shop is fetched there.
        "ready" => courier.is_some_and(|courier| courier != "failed"),
        _ => false,
    };
    if is_couriers || order.checkout != "confirmed" {
        return None;
    }
    let at = STEPS.iter().position(|step| *step == order.fulfilment)?;
    STEPS.get(at + 1).copied()
}

/// Somebody who makes what was ordered, and takes back what was bad, until the café closes.
pub async fn barista(
    person: Person,
    mut chance: Chance,
    cafe: Cafe,
    open: watch::Receiver<bool>,
) -> Result<Tally> {
    let mut tally = Tally::default();
    let browser = person.browser();
    while *open.borrow() {
        let (which, comes_back) = chance.draw(&(any::<Index>(), proptest::bool::weighted(0.3)))?;
        pause(&mut chance).await?;
        let Some(id) = cafe.any_order(which) else {
            continue;
        };
        let path = format!("/api/orders/{id}");
        let read = person.press("an order", || browser.get(&path)).await?;
        let order = Order::read(&read.expect(StatusCode::OK)?.json()?)?;
        if let Some(step) = next(&order) {
            let advancing = || browser.advance(&id, order.version, step);
            let answer = person.press(step, advancing).await?;
            tally.add_if(answer.status.is_success(), Deed::Advanced);
        } else if order.is_over() && comes_back {
            let (path, key) = (format!("{path}/returns"), fresh());
            let keyed = [("idempotency-key", key.as_str())];
            let body = json!({
                "lines": [{ "line": 1, "quantity": 1, "goods": "wasted" }], "reason": "quality",
            });
            let asking = || browser.post(&path, &body, &keyed);
            let answer = person.press("a return", asking).await?;
            tally.add_if(answer.status.is_success(), Deed::Returned);
        }
    }
    Ok(tally)
}

/// What a manager changes.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// So much more for what everybody orders.
    Price(i64),
    /// So much more for bringing it.
    Fees(i64),
    /// For a moment nothing is off.
    Code,
}

/// What is changed before anything is left to chance.
const IN_TURN: [Change; 3] = [Change::Price(7), Change::Fees(30), Change::Code];

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (-20..=20_i64).prop_map(Change::Price),
        2 => (0..200_i64).prop_map(Change::Fees),
        1 => Just(Change::Code),
    ]
}

impl Change {
    async fn make(
        self,
        manager: &Person,
        cafe: &Cafe,
        chance: &mut Chance,
    ) -> Result<Option<Deed>> {
        let (answer, deed) = match self {
            Self::Price(more) => (cafe.ask_more(manager, more).await?, Deed::Repriced),
            Self::Fees(more) => (cafe.drive_for_more(manager, more).await?, Deed::FeesChanged),
            Self::Code => {
                let withdrawn = cafe.give(manager, false).await?;
                pause(chance).await?;
                let back = cafe.give(manager, true).await?;
                ensure!(back.status.is_success(), "the code is gone: {back:?}");
                (withdrawn, Deed::CodeWithdrawn)
            }
        };
        Ok(answer.status.is_success().then_some(deed))
    }
}

/// Somebody who changes what everybody pays, until the café closes.
pub async fn manager(
    person: Person,
    mut chance: Chance,
    cafe: Cafe,
    open: watch::Receiver<bool>,
) -> Result<Tally> {
    let mut tally = Tally::default();
    let (mut in_turn, mut refusals) = (VecDeque::from(IN_TURN), 0);
    while *open.borrow() || !in_turn.is_empty() {
        let next = match in_turn.front() {
            Some(next) => *next,
            None => chance.draw(&changes())?,
        };
        if let Some(deed) = next.make(&person, &cafe, &mut chance).await? {
            tally.add(deed);
            in_turn.pop_front();
        } else {
            tally.add(Deed::Refused);
            refusals += u32::from(!in_turn.is_empty());
            ensure!(refusals <= MOST_REFUSALS, "refused for ever: {next:?}");
        }
        pause(&mut chance).await?;
    }
    Ok(tally)
}

/// Makes what is to be brought once the café is closed, and sees to its end; says to which.
pub async fn close(barista: &Person, brought: &[String]) -> Result<Tally> {
    let barista = barista.signed_in().await?;
    // First all of it is made: couriers drive side by side.
    for id in brought {
        goes_on(barista, id, |order| order.fulfilment == "ready").await?;
    }
    let mut tally = Tally::default();
    for id in brought {
        let order = goes_on(barista, id, |_| false).await?;
        let courier = order.delivery["courier"].as_str().unwrap_or_default();
        tally.add(match (order.checkout.as_str(), courier) {
            ("completed", "delivered") => Deed::AtTheDoor,
            ("completed", _) => Deed::AtTheCounter,
            _ if order.reason.as_deref() == Some("no_courier") => Deed::WithoutCourier,
            _ => Deed::NeverLeft,
        });
    }
    Ok(tally)
}

/// Takes every step of an order that is staff's to take, until that is enough or it is at its end.
async fn goes_on(barista: &Client, id: &str, enough: impl Fn(&Order) -> bool) -> Result<Order> {
    until(
        &format!("the end of {id}, which is brought"),
        ENDS,
        || async {
            let order = look(barista, id).await.ok()?;
            let at_its_end =
                ["completed", "cancelled", "manual"].contains(&order.checkout.as_str());
            if at_its_end || enough(&order) {
                return Some(order);
            }
            if let Some(step) = next(&order) {
                // Whatever comes of it, the order is looked at again.
                barista.advance(id, order.version, step).await.ok();
            }
            None
        },
    )
    .await
}
