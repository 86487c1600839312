//! Any history of takings and cancellings, beside a model that only counts.

use axum::http::StatusCode;
use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use uuid::Uuid;

use super::NINE;
use crate::shop::problem;
use crate::world::{STORE, World, by_card, morning, one_flat_white};

/// Histories of one run.
const HISTORIES: u32 = 24;

#[derive(Clone, Copy, Debug)]
enum Act {
    Place {
        slot: usize,
        card: bool,
        fails: bool,
    },
    Again {
        key: usize,
    },
    Cancel {
        key: usize,
    },
    Capacity {
        capacity: i32,
    },
    Wait,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..3usize, any::<bool>(), prop::bool::weighted(0.2)).prop_map(|(slot, card, fails)| Act::Place { slot, card, fails }),
        2 => (0..12usize).prop_map(|key| Act::Again { key }),
        3 => (0..12usize).prop_map(|key| Act::Cancel { key }),
        1 => (0..4i32).prop_map(|capacity| Act::Capacity { capacity }),
        1 => Just(Act::Wait),
    ]
}

const SLOTS: [&str; 3] = [NINE, "2026-03-02T08:10:00.000Z", "2026-03-03T07:30:00.000Z"];

/// Plays a history, step by step beside a model that only counts.
async fn play(world: &World, round: Uuid, history: &[Act]) {
    let settings = format!("/v1/stores/{STORE}/pickup");
    let settings = world.get(&world.manager(), &settings).await.body;
    let seen = settings["version"].as_i64().expect("a version");
    assert_eq!(world.set_capacity(seen, 2).await.status, StatusCode::OK);
    let (mut capacity, mut version) = (2, seen + 1);
    let left = world.left_of(SLOTS).await;
    let mut taken = left.map(|left| capacity - i32::try_from(left).expect("a few"));
    // By key: its slot, its order, and whether it still holds the slot.
    let mut orders: Vec<(Value, usize, Option<Uuid>, bool)> = Vec::new();
    for act in history {
        match *act {
            Act::Place { slot, card, fails } => {
                let mut body = if card {
                    by_card("tok_visa")
                } else {
                    one_flat_white()
                };
                body["pickup"] = json!(SLOTS[slot]);
                let key = format!("{round}-{}", orders.len());
                let full = taken[slot] >= capacity;
                if fails && !full {
                    world.shop.next("reserve", [problem(409, "sold-out")]);
                }
                let answer = world.place(&key, &body).await;
                if full {
                    assert_eq!(answer.problem().0, "slot-full");
                    orders.push((body, slot, None, false));
                } else {
                    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
                    taken[slot] += i32::from(!fails);
                    orders.push((body, slot, Some(answer.id()), !fails));
                }
            }
            Act::Again { key } => {
                if let Some((body, _, Some(order), _)) = orders.get(key) {
                    let answer = world.place(&format!("{round}-{key}"), body).await;
                    assert_eq!(answer.id(), *order);
                }
            }
            Act::Cancel { key } => {
                if let Some((_, slot, Some(order), holds)) = orders.get_mut(key) {
                    world.cancel(&world.customer(), *order).await;
                    world.cancelled(*order).await;
                    taken[*slot] -= i32::from(*holds);
                    *holds = false;
                }
            }
            Act::Capacity { capacity: set } => {
                assert_eq!(
                    world.set_capacity(version, set).await.status,
                    StatusCode::OK
                );
                (capacity, version) = (set, version + 1);
            }
            Act::Wait => world.app.clock.advance(TimeDelta::seconds(1)),
        }
        let left = taken.map(|count| i64::from((capacity - count).max(0)));
        assert_eq!(world.left_of(SLOTS).await, left, "after {act:?}");
        world.assert_slots_are_right().await;
    }
    for (_, _, order, holds) in orders {
        if let (Some(order), true) = (order, holds) {
            world.cancel(&world.customer(), order).await;
            world.cancelled(order).await;
        }
    }
    world.assert_slots_are_right().await;
}

#[test]
fn no_history_of_takings_and_cancellings_oversells_or_loses_a_place() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let world = runtime.block_on(World::new());
    assert_eq!(world.app.clock.now(), morning());
    let mut runner = TestRunner::new(Config {
        cases: HISTORIES,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&prop::collection::vec(act(), 1..16), |history| {
            let round = world.app.ids.next();
            runtime.block_on(play(&world, round, &history));
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    drop(runtime);
}
