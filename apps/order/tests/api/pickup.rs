//! Picking up: now or in a slot, what is refused, and slots that are never sold twice nor given back twice.

use axum::http::{Method, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::shop::problem;
use crate::world::{
    Answer, OTHER_STORE, STORE, World, by_card, morning, one_flat_white, place, request, send,
    waiting,
};

/// A slot that begins half an hour after the tests do.
const NINE: &str = "2026-03-02T08:00:00.000Z";

fn in_slot(slot: &str) -> Value {
    let mut body = one_flat_white();
    body["pickup"] = json!(slot);
    body
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

impl World {
    /// Who runs [`STORE`].
    fn manager(&self) -> String {
        self.token(Uuid::from_u128(0x77), "manager", "order:manage", &[STORE])
    }

    async fn slots(&self, query: &str) -> Value {
        let token = self.issuer.token("order", |claims| {
            claims.scope = "order:slots".into();
        });
        let answer = self
            .get(&token, &format!("/v1/stores/{STORE}/slots{query}"))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    /// How many more orders a slot takes, as everybody is told.
    async fn left(&self, slot: &str) -> i64 {
        self.left_of([slot]).await[0]
    }

    async fn left_of<const N: usize>(&self, slots: [&str; N]) -> [i64; N] {
        let told = self.slots("").await;
        let told = told["slots"].as_array().expect("slots");
        slots.map(|slot| {
            let mut found = told.iter().filter(|it| it["at"] == slot);
            let left = found.next().expect(slot)["left"].as_i64();
            assert!(found.next().is_none(), "{slot} twice");
            left.expect("a number")
        })
    }

    async fn set_capacity(&self, version: i64, capacity: i32) -> Answer {
        let path = format!("/v1/stores/{STORE}/pickup");
        let request = request(Method::PUT, &path, &self.manager())
            .header(header::IF_MATCH, format!("\"{version}\""))
            .header(header::CONTENT_TYPE, "application/json")
            .body(json!({ "capacity": capacity }).to_string().into());
        self.send(request.expect("a request")).await
    }

    /// What the slots count, beside what holds them: a checker's invariant.
    async fn assert_slots_are_right(&self) {
        let wrong: Vec<(DateTime<Utc>, i32, i64, i32)> = sqlx::query_as(
            "SELECT starts_at, taken, held, capacity FROM pickup_slots, LATERAL (
                 SELECT count(*) AS held FROM orders
                 WHERE orders.store_id = pickup_slots.store_id AND slot = starts_at AND checkout <> 'cancelled'
             ) AS holders
             WHERE taken <> held OR taken > capacity",
        )
        .fetch_all(self.db())
        .await
        .expect("the slots");
        assert_eq!(wrong, []);
    }

    async fn cancel(&self, token: &str, order: Uuid) -> StatusCode {
        let path = format!("/v1/orders/{order}/cancellation");
        self.post(token, &path, &json!({})).await.status
    }

    async fn cancelled(&self, order: Uuid) {
        self.until(order, |order| order["checkout"] == "cancelled")
            .await;
    }
}

#[tokio::test]
async fn an_order_holds_its_slot_and_everybody_is_told_when_it_is_due() {
    let world = World::new().await;
    let before = world.left(NINE).await;
    // Under whatever offset the instant is written.
    let answer = world
        .place("k1", &in_slot("2026-03-02T09:00:00+01:00"))
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    let pickup = json!({"kind": "slot", "due_at": NINE});
    assert_eq!(answer.body["pickup"], pickup);
    assert_eq!(world.left(NINE).await, before - 1);
    let path = format!("/v1/orders/{}", answer.id());
    assert_eq!(
        world.get(&world.customer(), &path).await.body["pickup"],
        pickup
    );
    let told: Vec<Value> = sqlx::query_scalar("SELECT data->'pickup' FROM outbox.events")
        .fetch_all(world.db())
        .await
        .expect("the events");
    assert_eq!(told, [pickup.clone(), pickup]);
    // `now` said or not is the same command.
    let mut now = one_flat_white();
    let said = world.place("k2", &now).await;
    now["pickup"] = json!("now");
    assert_eq!(world.place("k2", &now).await.id(), said.id());
    assert_eq!(said.body["pickup"]["kind"], "now");
    world.assert_slots_are_right().await;
}

#[tokio::test]
async fn the_board_shows_what_is_due_first() {
    let world = World::new().await;
    let mut placed = Vec::new();
    for (key, body) in [
        ("tomorrow", in_slot("2026-03-03T08:00:00Z")),
        ("nine", in_slot(NINE)),
        ("now", one_flat_white()),
    ] {
        let answer = world.place(key, &body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
        placed.push(answer.id().to_string());
        world.app.clock.advance(TimeDelta::seconds(1));
    }
    placed.reverse();
    let (mut seen, mut path) = (Vec::new(), format!("/v1/stores/{STORE}/tickets?limit=1"));
    loop {
        let page = world.get(&world.barista(), &path).await.body;
        seen.push(page["items"][0]["id"].as_str().expect("an id").to_owned());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/v1/stores/{STORE}/tickets?limit=1&cursor={next}");
    }
    assert_eq!(seen, placed);
}

#[tokio::test]
async fn a_closed_store_makes_nothing_now_and_says_when_it_opens() {
    let world = World::new().await;
    world.opens(&[("2026-03-02T08:00:00Z", "2026-03-02T17:00:00Z")]);
    let answer = world.place("k1", &one_flat_white()).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        answer.problem(),
        ("store-closed".into(), vec!["/pickup".into()])
    );
    assert_eq!(
        answer.body["detail"],
        "It opens at 2026-03-02T08:00:00.000Z."
    );
    assert_eq!(world.rows().await, [0; 6]);
    // It takes orders for later all the same.
    assert_eq!(
        world.place("k2", &in_slot(NINE)).await.status,
        StatusCode::ACCEPTED
    );
    let told = world.slots("").await;
    assert_eq!(
        (&told["open"], &told["opens_at"]),
        (&json!(false), &json!(NINE))
    );
    world.opens(&[]);
    let answer = world.place("k1", &one_flat_white()).await;
    assert_eq!(answer.body["detail"], "It does not open within a week.");
    // The refused command's key is free.
    world.opens(&[("2026-03-02T07:00:00Z", "2026-03-02T17:00:00Z")]);
    assert_eq!(
        world.place("k1", &one_flat_white()).await.status,
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn what_is_no_slot_is_refused() {
    let world = World::new().await;
    world.opens(&[
        ("2026-03-02T07:00:00Z", "2026-03-02T17:05:00Z"),
        ("2026-03-09T07:00:00Z", "2026-03-09T17:00:00Z"),
    ]);
    for (what, slot) in [
        ("not aligned", "2026-03-02T08:01:00Z"),
        ("past", "2026-03-02T07:20:00Z"),
        ("sooner than it can be made", "2026-03-02T07:30:00Z"),
        ("only half in the opening", "2026-03-02T17:00:00Z"),
        ("closed", "2026-03-03T08:00:00Z"),
        ("more than seven days ahead", "2026-03-09T07:40:00Z"),
    ] {
        let answer = world.place("k1", &in_slot(slot)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{what}");
        let expected = ("slot-not-offered".to_owned(), vec!["/pickup".to_owned()]);
        assert_eq!(answer.problem(), expected, "{what}");
    }
    let answer = world.place("k1", &in_slot("at noon")).await;
    assert_eq!(
        answer.problem(),
        ("invalid-body".into(), vec!["/pickup".into()])
    );
    assert_eq!(world.rows().await, [0; 6]);
    let last = world.place("k1", &in_slot("2026-03-09T07:30:00Z")).await;
    assert_eq!(
        last.status,
        StatusCode::ACCEPTED,
        "seven days to the minute"
    );
}

#[tokio::test]
async fn a_rush_on_one_slot_sells_it_exactly_out() {
    let world = World::new().await;
    assert_eq!(world.set_capacity(0, 3).await.status, StatusCode::OK);
    world.warm().await;
    let sibling = world.sibling();
    let rush = (0..40).map(|index| {
        let (world, sibling) = (&world, sibling.clone());
        async move {
            let request = waiting(place(
                &world.customer(),
                &format!("k{index}"),
                &in_slot(NINE),
            ));
            match index % 2 {
                0 => world.send(request).await,
                _ => send(sibling, request).await,
            }
        }
    });
    let answers = futures::future::join_all(rush).await;
    let (taken, full): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.status == StatusCode::ACCEPTED);
    assert_eq!(taken.len(), 3);
    for answer in &full {
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert_eq!(
            answer.problem(),
            ("slot-full".into(), vec!["/pickup".into()])
        );
    }
    assert_eq!(world.rows().await[0], 3, "who got none left nothing behind");
    assert_eq!(world.left(NINE).await, 0);
    world.assert_slots_are_right().await;

    // One place is given back, and a key that was refused is free to take it.
    assert_eq!(
        world.cancel(&world.customer(), taken[0].id()).await,
        StatusCode::ACCEPTED
    );
    world.cancelled(taken[0].id()).await;
    assert_eq!(world.left(NINE).await, 1);
    let index = answers
        .iter()
        .position(|it| it.status == StatusCode::CONFLICT)
        .expect("one");
    let again = world.place(&format!("k{index}"), &in_slot(NINE)).await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
    assert_eq!(
        world.place("late", &in_slot(NINE)).await.problem().0,
        "slot-full"
    );
    world.assert_slots_are_right().await;
}

#[tokio::test]
async fn a_repeated_command_takes_nothing_twice() {
    let world = World::new().await;
    world.warm().await;
    let before = world.left(NINE).await;
    let sibling = world.sibling();
    let first = world.place("k1", &in_slot(NINE)).await;
    let rush = (0..10).map(|_| {
        let again = waiting(place(&world.customer(), "k1", &in_slot(NINE)));
        send(sibling.clone(), again)
    });
    for answer in futures::future::join_all(rush).await {
        if answer.status != StatusCode::CONFLICT {
            assert_eq!(answer.id(), first.id());
        }
    }
    assert_eq!(world.left(NINE).await, before - 1);
    // Long after, when the slot itself is past.
    world.app.clock.advance(TimeDelta::hours(2));
    assert_eq!(world.place("k1", &in_slot(NINE)).await.id(), first.id());
    let other = world.place("k1", &in_slot("2026-03-02T10:00:00Z")).await;
    assert_eq!(other.problem().0, "idempotency-key-reused");
    world.assert_slots_are_right().await;
}

#[tokio::test]
async fn every_way_to_cancel_gives_the_slot_back_once() {
    let card = |token: &str| {
        let mut body = by_card(token);
        body["pickup"] = json!(NINE);
        body
    };
    let world = World::new().await;
    let before = world.left(NINE).await;
    for (key, call, status, slug) in [
        ("sold-out", "reserve", 409, "sold-out"),
        ("declined", "authorise", 402, "payment-declined"),
    ] {
        world.shop.next(call, [problem(status, slug)]);
        let answer = world.place(key, &card("tok_visa")).await;
        assert_eq!(answer.body["checkout"], "cancelled", "{key}");
        assert_eq!(world.left(NINE).await, before, "{key}");
    }
    for (key, who) in [("mine", world.customer()), ("theirs", world.barista())] {
        let id = world.place(key, &card("tok_visa")).await.id();
        assert_eq!(world.left(NINE).await, before - 1);
        for _ in 0..3 {
            assert_eq!(world.cancel(&who, id).await, StatusCode::ACCEPTED);
        }
        world.cancelled(id).await;
        assert_eq!(world.left(NINE).await, before);
    }
    // Nobody answers until the deadline.
    world.shop.always("authorise", problem(503, "unavailable"));
    let answer = world
        .send(place(&world.customer(), "late", &card("tok_visa")))
        .await;
    assert_eq!(
        world.left(NINE).await,
        before - 1,
        "a pending order holds it"
    );
    world.app.clock.advance(TimeDelta::seconds(31));
    world.cancelled(answer.id()).await;
    assert_eq!(world.left(NINE).await, before);
    world.shop.mend("authorise");
    // Handing over is no cancelling.
    let id = world.place("made", &in_slot(NINE)).await.id();
    for (version, status) in [(2, "preparation"), (3, "ready"), (4, "delivered")] {
        world.fulfil(&world.barista(), id, version, status).await;
    }
    assert_eq!(world.left(NINE).await, before - 1);
    world.assert_slots_are_right().await;
}

#[tokio::test]
async fn who_runs_a_store_says_what_a_slot_takes() {
    let world = World::new().await;
    let path = format!("/v1/stores/{STORE}/pickup");
    let read = world.get(&world.manager(), &path).await;
    assert_eq!(
        read.body,
        json!({"capacity": 8, "slot_minutes": 10, "version": 0})
    );
    assert_eq!(read.headers[header::ETAG], "\"0\"");
    for key in ["a", "b", "c"] {
        assert_eq!(
            world.place(key, &in_slot(NINE)).await.status,
            StatusCode::ACCEPTED
        );
    }
    let (one, other) = tokio::join!(world.set_capacity(0, 2), world.set_capacity(0, 2));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    let read = world.get(&world.manager(), &path).await;
    assert_eq!(
        read.body,
        json!({"capacity": 2, "slot_minutes": 10, "version": 1})
    );
    // Who holds the slot keeps it; nobody else gets it, and other slots take two.
    assert_eq!(world.left(NINE).await, 0);
    assert_eq!(world.left("2026-03-02T08:10:00.000Z").await, 2);
    assert_eq!(
        world.place("d", &in_slot(NINE)).await.problem().0,
        "slot-full"
    );
    world.assert_slots_are_right().await;
    assert_eq!(
        world.set_capacity(1, 4).await.headers[header::ETAG],
        "\"2\""
    );
    assert_eq!(
        world.place("d", &in_slot(NINE)).await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(world.set_capacity(2, 0).await.status, StatusCode::OK);
    let none = world.place("e", &in_slot("2026-03-02T08:20:00Z")).await;
    assert_eq!(none.problem().0, "slot-full");

    assert_eq!(world.set_capacity(1, 4).await.problem().0, "stale-version");
    for capacity in [-1, 1001] {
        let answer = world.set_capacity(3, capacity).await;
        assert_eq!(
            answer.problem(),
            ("invalid-body".into(), vec!["/capacity".into()])
        );
    }
    let elsewhere = world.token(
        Uuid::from_u128(0x78),
        "manager",
        "order:manage",
        &[OTHER_STORE],
    );
    assert_eq!(
        world.get(&elsewhere, &path).await.problem().0,
        "store-not-found"
    );
    world.assert_slots_are_right().await;
}

#[tokio::test]
async fn the_waiting_time_is_learned_from_the_last_hour() {
    let world = World::new().await;
    let wait = async || world.slots("").await["wait_minutes"].as_i64();
    assert_eq!(wait().await, Some(5), "nothing is known yet");
    let barista = world.barista();
    let make = async |body: &Value, minutes: i64| {
        let id = world
            .place(&world.app.ids.next().to_string(), body)
            .await
            .id();
        world.app.clock.advance(TimeDelta::minutes(minutes));
        world.fulfil(&barista, id, 2, "preparation").await;
        let ready = world.fulfil(&barista, id, 3, "ready").await;
        assert_eq!(ready.status, StatusCode::OK);
    };
    for minutes in [9, 1, 12] {
        make(&one_flat_white(), minutes).await;
    }
    assert_eq!(wait().await, Some(9), "the median of 1, 9 and 12");
    // Made for a slot: it had all the time in the world.
    make(&in_slot("2026-03-02T08:30:00Z"), 15).await;
    make(&in_slot("2026-03-02T09:00:00Z"), 16).await;
    assert_eq!(wait().await, Some(9));
    let due = world.ordered().await.body["pickup"]["due_at"].clone();
    let due = instant(due.as_str().expect("an instant"));
    assert_eq!(due, world.app.clock.now() + TimeDelta::minutes(9));
    // An hour after the first of them it counts no more: of 1 and 12 the lower one, but never less than two minutes.
    world.app.clock.advance(TimeDelta::minutes(16));
    assert_eq!(wait().await, Some(2));
    world.app.clock.advance(TimeDelta::hours(1));
    assert_eq!(wait().await, Some(5));
}

#[tokio::test]
async fn the_list_covers_two_days_from_where_it_is_asked_for() {
    let world = World::new().await;
    world.opens(&[
        ("2026-03-02T07:00:00Z", "2026-03-02T08:00:00Z"),
        ("2026-03-04T07:00:00Z", "2026-03-04T07:25:00Z"),
        ("2026-03-09T07:00:00Z", "2026-03-09T17:00:00Z"),
    ]);
    let at = |answer: &Value| -> Vec<String> {
        let slots = answer["slots"].as_array().expect("slots").iter();
        slots
            .map(|it| it["at"].as_str().expect("an instant")[8..16].to_owned())
            .collect()
    };
    let first = world.slots("").await;
    assert_eq!(at(&first), ["02T07:40", "02T07:50", "04T07:00", "04T07:10"]);
    assert_eq!(
        (&first["open"], &first["opens_at"]),
        (&json!(true), &Value::Null)
    );
    let later = world.slots("?from=2026-03-04T07:05:00Z").await;
    assert_eq!(at(&later), ["04T07:10"]);
    let last = world.slots("?from=2026-03-08T00:00:00Z").await;
    assert_eq!(at(&last), ["09T07:00", "09T07:10", "09T07:20", "09T07:30"]);
    for beyond in ["2026-03-10T00:00:00Z", "%2B262142-12-31T23:59:59Z"] {
        assert_eq!(at(&world.slots(&format!("?from={beyond}")).await), [""; 0]);
    }
    assert_eq!(
        at(&world.slots("?from=1970-01-01T00:00:00Z").await),
        at(&first)
    );
}

#[tokio::test]
async fn numbers_are_those_of_the_day_of_the_slot() {
    let world = World::new().await;
    let number =
        async |key: &str, body: &Value| world.place(key, body).await.body["number"].clone();
    let tomorrow = in_slot("2026-03-03T08:00:00Z");
    assert_eq!(number("a", &one_flat_white()).await, "A-001");
    assert_eq!(number("b", &tomorrow).await, "A-001");
    assert_eq!(number("c", &one_flat_white()).await, "A-002");
    assert_eq!(number("d", &tomorrow).await, "A-002");
    world.app.clock.advance(TimeDelta::days(1));
    assert_eq!(number("e", &one_flat_white()).await, "A-003");
}

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
