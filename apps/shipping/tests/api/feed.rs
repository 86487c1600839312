//! What the carrier says has happened, read from where it was last read.

use serde_json::json;
use shipping::feed;

use crate::carrier::Mood;
use crate::world::{ADA, World};

async fn cursor(world: &World) -> i64 {
    sqlx::query_scalar("SELECT cursor FROM feed")
        .fetch_one(world.db())
        .await
        .expect("the cursor")
}

#[tokio::test]
async fn each_update_moves_its_shipment_once_and_the_way_is_told() {
    let world = World::new().await;
    let order = world.booked().await;
    let reference = order.to_string();
    for state in ["accepted", "ready"] {
        world.carrier.tells(&reference, state);
    }
    world.carrier.tells_that(
        &reference,
        "collected",
        "Fetched\u{7}",
        Some("2026-03-02T07:50:00Z"),
    );
    world.read_feed().await;
    assert_eq!(world.status(order).await, "dispatched");
    world.carrier.tells(&reference, "on_the_way");
    world.carrier.tells(&reference, "delivered");
    for _ in 0..2 {
        world.read_feed().await;
    }
    let kinds = [
        "shipment.created.v1",
        "shipment.dispatched.v1",
        "tracking.updated.v1",
        "shipment.delivered.v1",
    ];
    assert_eq!(world.told(order).await, kinds);
    let told = world.published().await;
    let expected: Vec<_> = told
        .iter()
        .map(|event| &event["data"]["expected_at"])
        .collect();
    let guess = json!("2026-03-02T07:50:00.000Z");
    assert_eq!(
        expected,
        [
            &json!("2026-03-02T07:55:00.000Z"),
            &guess,
            &guess,
            &json!(null)
        ]
    );
    assert_eq!(cursor(&world).await, 5);

    let path = format!("/v1/shipments/{order}");
    let view = world.get(&world.customer(ADA), &path).await.body;
    assert_eq!(view["status"], "delivered");
    let tracking = view["tracking"].as_array().expect("a list");
    let words: Vec<_> = tracking
        .iter()
        .map(|told| (&told["status"], &told["note"]))
        .collect();
    let words: Vec<_> = words
        .into_iter()
        .map(|(status, note)| json!([status, note]))
        .collect();
    let all = [
        ["dispatched", "Fetched"],
        ["dispatched", "As it should"],
        ["delivered", "As it should"],
    ];
    assert_eq!(words, all.map(|pair| json!(pair)));
    assert_eq!(tracking[0]["at"], "2026-03-02T07:41:00.000Z");
}

#[tokio::test]
async fn whoever_is_not_met_brings_it_back() {
    let world = World::new().await;
    let order = world.booked().await;
    for state in ["collected", "failed"] {
        world.carrier.tells(&order.to_string(), state);
    }
    world.read_feed().await;
    assert_eq!(world.status(order).await, "failed");
    let last = world.published().await.pop().expect("an event");
    assert_eq!(
        (&last["type"], &last["data"]["reason"]),
        (&json!("shipment.failed.v1"), &json!("undeliverable"))
    );
    assert!(!world.carrier.is_called_off(order));
}

#[tokio::test]
async fn a_carrier_that_calls_off_by_itself_has_failed() {
    let world = World::new().await;
    let (kept, withdrawn) = (world.booked().await, world.booked().await);
    world.hear("order.cancelled.v1", withdrawn, 3).await;
    for order in [kept, withdrawn] {
        world.carrier.tells(&order.to_string(), "cancelled");
    }
    world.read_feed().await;
    assert_eq!(world.status(kept).await, "failed");
    assert_eq!(world.status(withdrawn).await, "cancelled");
}

#[tokio::test]
async fn what_is_about_nothing_of_ours_or_comes_too_late_is_passed_over() {
    let world = World::new().await;
    let (order, announced) = (world.booked().await, world.announced().await);
    let never = world.order().to_string();
    let ours = order.to_string();
    for (reference, state) in [
        ("somebody else's", "collected"),
        (&never, "collected"),
        (&announced.to_string(), "delivered"),
        (&ours, "delivered"),
        (&ours, "teleported"),
        (&ours, "collected"),
        (&ours, "collected"),
    ] {
        world.carrier.tells(reference, state);
    }
    world.read_feed().await;
    assert_eq!(cursor(&world).await, 7);
    assert_eq!(
        world.told(order).await,
        ["shipment.created.v1", "shipment.dispatched.v1"]
    );
    assert_eq!(world.status(announced).await, "announced");
    assert_eq!(world.count("tracking").await, 1);
}

#[tokio::test]
async fn a_page_that_can_t_be_read_moves_nothing_and_one_reader_reads_at_a_time() {
    let world = World::new().await;
    let order = world.booked().await;
    world.carrier.tells(&order.to_string(), "collected");
    world
        .carrier
        .will("updates", &[Mood::Away, Mood::Babble, Mood::Garbled]);
    for _ in 0..3 {
        world.let_time_pass().await;
        assert_eq!(feed::pass(&world.app).await.expect("a pass"), 0);
    }
    assert_eq!(
        (cursor(&world).await, world.status(order).await),
        (0, "booked")
    );
    let (one, other) = tokio::join!(feed::pass(&world.app), feed::pass(&world.app));
    assert_eq!(one.expect("a pass") + other.expect("a pass"), 1);
    assert_eq!(world.status(order).await, "dispatched");
}
