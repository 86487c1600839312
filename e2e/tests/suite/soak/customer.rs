//! Those who order, each with chances of their own.
//!
//! Invariant: nobody leaves before having had everything that is ordered in turn; an order that was taken at a price that
//! was shown costs that, with the fee that was shown and the tip.

use std::collections::VecDeque;

use anyhow::{Context as _, Result, ensure};
use e2e::Order;
use e2e::client::fresh;
use proptest::sample::Index;
use reqwest::header::ETAG;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Chance;
use super::cafe::{Cafe, free};
use super::people::{Person, pause};
use super::tally::{Deed, Tally};
use super::wishes::{IN_TURN, Priced, Wanted, Way, Wish, wishes};
use crate::delivery::address;
use crate::shop::{amount, by_card};
use crate::stack::word;

/// How often somebody is refused who orders what everybody orders in turn: fees change and slots fill up, but not for ever.
const MOST_REFUSALS: u32 = 60;

/// An order that was taken.
pub struct Taken {
    /// Its id.
    pub id: String,
    /// Whether it is to be brought.
    pub is_brought: bool,
}

/// Somebody who orders.
pub struct Customer {
    person: Person,
    chance: Chance,
    cafe: Cafe,
    in_turn: VecDeque<Wanted>,
    taken: Vec<Taken>,
    tally: Tally,
}

impl Customer {
    /// Somebody in a café, the how manieth of them.
    pub fn new(person: Person, chance: Chance, cafe: Cafe, who: usize) -> Self {
        let mut in_turn = VecDeque::from(IN_TURN);
        in_turn.rotate_left(who % IN_TURN.len());
        Self {
            person,
            chance,
            cafe,
            in_turn,
            taken: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Does one thing after the other until the café closes; gives the orders that were taken, and how it went.
    pub async fn day(mut self, open: watch::Receiver<bool>) -> Result<(Person, Vec<Taken>, Tally)> {
        let mut refusals = 0;
        while *open.borrow() || !self.in_turn.is_empty() {
            pause(&mut self.chance).await?;
            if let Some(wanted) = self.in_turn.pop_front() {
                if !self.order(wanted).await? {
                    refusals += 1;
                    ensure!(refusals <= MOST_REFUSALS, "refused for ever: {wanted:?}");
                    self.in_turn.push_back(wanted);
                }
                continue;
            }
            match self.chance.draw(&wishes())? {
                Wish::Order(wanted) => {
                    self.order(wanted).await?;
                }
                Wish::Cancel(which) => self.cancel(which).await?,
                Wish::Fill(quantity) => self.fill(quantity).await?,
            }
        }
        Ok((self.person, self.taken, self.tally))
    }

    /// Orders it; says whether it was taken.
    async fn order(&mut self, wanted: Wanted) -> Result<bool> {
        let Some((wish, shown)) = self.compose(wanted).await? else {
            self.tally.add(Deed::Refused);
            return Ok(false);
        };
        let key = fresh();
        let client = self.person.browser();
        let placing = || client.place_waiting(&wish, &key, Some("wait=2"));
        let answer = self.person.press("an order", placing).await?;
        if answer.status != StatusCode::ACCEPTED {
            self.tally.add(Deed::Refused);
            return Ok(false);
        }
        let order = Order::read(&answer.json()?)?;
        let (total, is_brought) = (amount(&order.total), matches!(wanted.way, Way::Brought(_)));
        ensure!(
            shown.is_none_or(|shown| shown == total),
            "{total} is to be paid of {shown:?} that were shown for {wanted:?}: {order:?}"
        );
        for (deed, is_one) in [
            (Deed::Ordered, true),
            (Deed::ToBring, is_brought),
            (Deed::InSlot, matches!(wanted.way, Way::InSlot(_))),
            (Deed::Discounted, wanted.priced == Priced::WithCode),
            (Deed::Tipped, wanted.tip > 0),
        ] {
            if is_one {
                self.tally.add(deed);
            }
        }
        self.cafe.know(&order.id);
        self.taken.push(Taken {
            id: order.id,
            is_brought,
        });
        Ok(true)
    }

    /// The order in the café's words, and what was shown that it costs, if that was asked for; nothing if it can't be had.
    async fn compose(&self, wanted: Wanted) -> Result<Option<(Value, Option<i64>)>> {
        let mut wish = self.cafe.wish(wanted.quantity);
        let mut shown = None;
        if wanted.priced != Priced::AtTheMoment {
            let Some(total) = self.quote(&mut wish, wanted.priced).await? else {
                return Ok(None);
            };
            shown = Some(total + wanted.tip);
        }
        match wanted.way {
            Way::Fetched => {}
            Way::InSlot(before_last) => {
                let Some(at) = self.slot(&wish, before_last).await? else {
                    return Ok(None);
                };
                wish["pickup"] = at;
            }
            Way::Brought(door) => {
                let Some(fee) = self.fee(&wish, door).await? else {
                    return Ok(None);
                };
                shown = shown.map(|shown| shown + amount(&fee));
                wish["delivery"] = json!({ "address": address(door), "fee": fee });
            }
        }
        if wanted.tip > 0 {
            wish["tip"] = self.cafe.money(wanted.tip);
        }
        if let Some(card) = wanted.card {
            wish = by_card(wish, card);
        }
        Ok(Some((wish, shown)))
    }

    /// Has the wish priced; says what it costs before fee and tip.
    async fn quote(&self, wish: &mut Value, priced: Priced) -> Result<Option<i64>> {
        let mut asked = json!({ "store_id": wish["store_id"], "lines": wish["lines"] });
        if priced == Priced::WithCode {
            asked["discount_code"] = self.cafe.code().clone();
        }
        let Some(quoted) = self.ask("/api/quotes", &asked).await? else {
            return Ok(None);
        };
        let off = amount(&quoted["discount"]["amount"]);
        ensure!(
            (off > 0) == (priced == Priced::WithCode),
            "{off} is taken off: {quoted}"
        );
        wish["quote"] = quoted["quote"].clone();
        Ok(Some(amount(&quoted["total"])))
    }

    /// What it costs to have it brought there.
    async fn fee(&self, wish: &Value, door: &str) -> Result<Option<Value>> {
        let asked = json!({ "store_id": wish["store_id"], "address": address(door) });
        let quoted = self.ask("/api/delivery-quotes", &asked).await?;
        Ok(quoted.map(|quoted| quoted["fee"].clone()))
    }

    async fn ask(&self, path: &str, asked: &Value) -> Result<Option<Value>> {
        let browser = self.person.browser();
        let asking = || browser.post(path, asked, &[]);
        let answer = self.person.press(path, asking).await?;
        if answer.status != StatusCode::OK {
            return Ok(None);
        }
        answer.json().map(Some)
    }

    /// The slot that is so many before the last one with a place left. Far ahead it stays a slot, and there people meet.
    async fn slot(&self, wish: &Value, before_last: usize) -> Result<Option<Value>> {
        let path = format!("/api/stores/{}/slots", word(wish, "store_id"));
        let browser = self.person.browser();
        let slots = self
            .person
            .press("the slots", || browser.get(&path))
            .await?;
        let slots = slots.expect(StatusCode::OK)?.json()?;
        let at = free(&slots).into_iter().rev().nth(before_last);
        Ok(at.cloned())
    }

    /// Calls off one of the orders that chance made. What is ordered in turn is left to its fate.
    async fn cancel(&mut self, which: Index) -> Result<()> {
        let by_chance = self.taken.get(IN_TURN.len()..).unwrap_or_default();
        if by_chance.is_empty() {
            return Ok(());
        }
        let order = which.get(by_chance);
        let calling_off = || self.person.browser().cancel(&order.id);
        let answer = self.person.press("a cancellation", calling_off).await?;
        let done = answer.status.is_success();
        self.tally.add_if(done, Deed::Cancelled);
        Ok(())
    }

    async fn fill(&mut self, quantity: u8) -> Result<()> {
        let wish = self.cafe.wish(quantity);
        let basket = json!({ "store_id": wish["store_id"], "lines": wish["lines"] });
        let browser = self.person.browser();
        let held = || browser.get("/api/basket");
        let held = self.person.press("the basket", held).await?;
        let (name, tag) = match held.header(ETAG) {
            "" => ("if-none-match", "*"),
            tag => ("if-match", tag),
        };
        let changing = || async {
            let (request, trace) = browser.request(&Method::PUT, "/api/basket")?;
            let request = request.header(name, tag).json(&basket);
            browser.send((request, trace)).await
        };
        let changed = self.person.press("the basket's change", changing).await;
        changed.map(drop).context("a basket")
    }
}
