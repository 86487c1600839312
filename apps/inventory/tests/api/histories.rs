//! Random histories of all operations against a model: whatever happens in whatever order, nothing is lost.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use chrono::TimeDelta;
use inventory::ops::expire::expire;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ledger::Counters;
use crate::world::{BEANS, BUN, BUN_PIECE, ESPRESSO, FLAT_WHITE, STORE, World, line, order_event};

/// Histories of one run; each has a seed of its own, which a failure prints with the shrunk history.
const HISTORIES: u32 = 200;
/// Orders of one history.
const ORDERS: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Act {
    Reserve { order: usize, pieces: i64 },
    Release { order: usize },
    Confirmed { order: usize, repeated: bool },
    Cancelled { order: usize, repeated: bool },
    Receive { item: usize, quantity: i64 },
    Waste { item: usize, quantity: i64 },
    Adjust { item: usize, quantity: i64 },
    Wait,
    Sweep,
}

fn act() -> impl Strategy<Value = Act> {
    let order = || 0..ORDERS;
    prop_oneof![
        5 => (order(), 1..4i64).prop_map(|(order, pieces)| Act::Reserve { order, pieces }),
        2 => order().prop_map(|order| Act::Release { order }),
        3 => (order(), any::<bool>()).prop_map(|(order, repeated)| Act::Confirmed { order, repeated }),
        2 => (order(), any::<bool>()).prop_map(|(order, repeated)| Act::Cancelled { order, repeated }),
        1 => (0..2usize, 1..40i64).prop_map(|(item, quantity)| Act::Receive { item, quantity }),
        1 => (0..2usize, 1..40i64).prop_map(|(item, quantity)| Act::Waste { item, quantity }),
        1 => (0..2usize, -40..40i64).prop_map(|(item, quantity)| Act::Adjust { item, quantity }),
        1 => Just(Act::Wait),
        1 => Just(Act::Sweep),
    ]
}

const ITEMS: [Uuid; 2] = [BEANS, BUN];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Held,
    Committed,
    Released,
    Expired,
}

/// What should be, kept by the simplest means.
#[derive(Default)]
struct Model {
    levels: [Counters; 2],
    /// By order: what became of it, how many pieces it asked for, and what it holds.
    orders: BTreeMap<usize, (Status, i64, [i64; 2])>,
    /// The orders whose confirmation was heard under its id of old: the inbox admits it once, whatever came of it.
    heard: BTreeSet<usize>,
}

/// What an order of so many pieces takes of the items. Odd orders name their lines the other way round.
fn needs(pieces: i64) -> [i64; 2] {
    [18 * pieces + 9, 2 * pieces]
}

fn lines(order: usize, pieces: i64) -> Value {
    let mut lines = vec![
        line(FLAT_WHITE, pieces, &[]),
        line(BUN_PIECE, 2 * pieces, &[]),
        line(ESPRESSO, 1, &[]),
    ];
    if order % 2 == 1 {
        lines.reverse();
    }
    json!(lines)
}

impl Model {
    fn reserve(&mut self, order: usize, pieces: i64) -> (u16, &'static str) {
        match self.orders.get(&order) {
            Some((Status::Released | Status::Expired, ..)) => (409, "reservation-over"),
            Some((_, asked, _)) if *asked != pieces => (422, "reservation-differs"),
            Some(_) => (200, ""),
            None => {
                let needs = needs(pieces);
                if self
                    .levels
                    .iter()
                    .zip(needs)
                    .any(|(level, need)| level.available < need)
                {
                    return (409, "sold-out");
                }
                for (level, need) in self.levels.iter_mut().zip(needs) {
                    level.available -= need;
                    level.reserved += need;
                }
                self.orders.insert(order, (Status::Held, pieces, needs));
                (200, "")
            }
        }
    }

    fn give_back(&mut self, order: usize, status: Status) {
        let entry = self
            .orders
            .entry(order)
            .or_insert((Status::Released, 0, [0; 2]));
        for (level, held) in self.levels.iter_mut().zip(entry.2) {
            match entry.0 {
                Status::Held => {
                    level.reserved -= held;
                    level.available += held;
                }
                Status::Committed => {
                    level.restocked += held;
                    level.available += held;
                }
                Status::Released | Status::Expired => {}
            }
        }
        entry.0 = status;
    }

    fn confirm(&mut self, order: usize) {
        let Some(entry) = self.orders.get_mut(&order) else {
            return;
        };
        for (level, held) in self.levels.iter_mut().zip(entry.2) {
            match entry.0 {
                Status::Held => {
                    level.reserved -= held;
                    level.sold += held;
                }
                Status::Expired => {
                    let missing = (held - level.available).max(0);
                    level.adjusted += missing;
                    level.available += missing - held;
                    level.sold += held;
                }
                Status::Released | Status::Committed => {}
            }
        }
        if entry.0 != Status::Released {
            entry.0 = Status::Committed;
        }
    }

    fn take(&mut self, item: usize, quantity: i64, wasted: bool) -> bool {
        let level = &mut self.levels[item];
        if level.available + quantity < 0 {
            return false;
        }
        level.available += quantity;
        if wasted {
            level.wasted -= quantity;
        } else {
            level.adjusted += quantity;
        }
        true
    }
}

/// One history: the service on one side, the model on the other.
struct History<'a> {
    world: &'a World,
    orders: [Uuid; ORDERS],
    model: Model,
}

impl History<'_> {
    async fn staff(&self, route: &str, item: usize, quantity: i64) -> Option<StatusCode> {
        let body = json!({"item_id": ITEMS[item], "quantity": quantity, "reason": "a history"});
        let path = format!("/v1/stores/{STORE}/{route}");
        let key = self.world.order().to_string();
        let manager = self.world.manager();
        // The second time under the key, which must change nothing.
        let first = self
            .world
            .command(&manager, &path, &key, &body)
            .await
            .status;
        let second = self
            .world
            .command(&manager, &path, &key, &body)
            .await
            .status;
        assert_eq!(first, second);
        (first != StatusCode::UNPROCESSABLE_ENTITY).then_some(first)
    }

    async fn hear(&self, kind: &str, order: usize, repeated: bool) {
        let order = self.orders[order];
        // Repeated under its id of old, or said anew: neither may do it twice.
        let id = if repeated {
            format!("{kind}-{order}")
        } else {
            self.world.order().to_string()
        };
        let event = order_event(&id, kind, order, 2);
        for _ in 0..2 {
            let status = self.world.deliver("/events/order", &event).await;
            assert_eq!(status, StatusCode::NO_CONTENT);
        }
    }

    async fn act(&mut self, act: Act) {
        match act {
            Act::Reserve { order, pieces } => {
                let answer = self
                    .world
                    .reserve(self.orders[order], &lines(order, pieces))
                    .await;
                let (status, slug) = self.model.reserve(order, pieces);
                assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
                if status != 200 {
                    assert_eq!(answer.problem().1, slug);
                }
            }
            Act::Release { order } => {
                let answer = self.world.release(self.orders[order]).await;
                assert_eq!(answer.status, StatusCode::OK);
                self.model.give_back(order, Status::Released);
            }
            Act::Cancelled { order, repeated } => {
                self.hear("order.cancelled.v1", order, repeated).await;
                self.model.give_back(order, Status::Released);
            }
            Act::Confirmed { order, repeated } => {
                self.hear("order.confirmed.v1", order, repeated).await;
                if !repeated || self.model.heard.insert(order) {
                    self.model.confirm(order);
                }
            }
            Act::Receive { item, quantity } => {
                assert_eq!(
                    self.staff("receipts", item, quantity).await,
                    Some(StatusCode::OK)
                );
                self.model.levels[item].received += quantity;
                self.model.levels[item].available += quantity;
            }
            Act::Waste { item, quantity } => {
                let enough = self.model.take(item, -quantity, true);
                let expected = if enough {
                    StatusCode::OK
                } else {
                    StatusCode::CONFLICT
                };
                assert_eq!(self.staff("waste", item, quantity).await, Some(expected));
            }
            Act::Adjust { item, quantity } => {
                let done = self.staff("adjustments", item, quantity).await;
                if quantity == 0 {
                    assert_eq!(done, None);
                } else {
                    let enough = self.model.take(item, quantity, false);
                    let expected = if enough {
                        StatusCode::OK
                    } else {
                        StatusCode::CONFLICT
                    };
                    assert_eq!(done, Some(expected));
                }
            }
            Act::Wait => {
                self.world.app.clock.advance(TimeDelta::minutes(20));
                expire(&self.world.app).await.expect("upkeep");
                let held = self
                    .model
                    .orders
                    .iter()
                    .filter(|(_, order)| order.0 == Status::Held);
                for order in held.map(|(order, _)| *order).collect::<Vec<_>>() {
                    self.model.give_back(order, Status::Expired);
                }
            }
            Act::Sweep => {
                self.world.sweep().await;
            }
        }
    }

    async fn check(&self) {
        self.world.assert_nothing_lost().await;
        for (item, expected) in ITEMS.into_iter().zip(self.model.levels) {
            assert_eq!(self.world.counters(item).await, expected, "{item}");
        }
        for (order, (status, ..)) in &self.model.orders {
            let shown = self.world.status(self.orders[*order]).await;
            assert_eq!(shown, format!("{status:?}").to_lowercase(), "order {order}");
        }
    }
}

/// Makes the world of the history before forget it all but for its recipes.
async fn begin_again(world: &World, beans: i64, buns: i64) {
    sqlx::raw_sql(
        "TRUNCATE stores, levels, told, movements, returns, reservations, replays, outbox.events, inbox.messages, inbox.heads,
                  inbox.late",
    )
    .execute(world.db())
    .await
    .expect("an empty inventory");
    world.keep(STORE, &[(BEANS, beans), (BUN, buns)]).await;
}

#[test]
fn a_random_history_loses_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let world = runtime.block_on(World::empty());
    let config = Config {
        cases: HISTORIES,
        failure_persistence: None,
        ..Config::default()
    };
    let histories = (20..120i64, 2..12i64, prop::collection::vec(act(), 1..16));
    let outcome = TestRunner::new(config).run(&histories, |(beans, buns, acts)| {
        runtime.block_on(async {
            begin_again(&world, beans, buns).await;
            let mut history = History {
                world: &world,
                orders: std::array::from_fn(|_| world.order()),
                model: Model::default(),
            };
            for (level, initial) in history.model.levels.iter_mut().zip([beans, buns]) {
                level.initial = initial;
                level.available = initial;
            }
            for act in acts {
                history.act(act).await;
            }
            history.check().await;
        });
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
