//! A slot is taken by an order and given back: never sold twice, nor given back twice.

use axum::http::{StatusCode, header};
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{NINE, in_slot};
use crate::shop::problem;
use crate::world::{OTHER_STORE, STORE, World, by_card, one_flat_white, place, send, waiting};

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
