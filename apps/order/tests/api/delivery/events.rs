//! Shipping's events, in whatever order and form, and what is told of them.

use axum::http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{booked, brought, delivered, dispatched, shipment};
use crate::world::{World, by_card};

#[tokio::test]
async fn however_events_come_the_newest_counts_and_each_has_its_effect_once() {
    let events = |id| {
        [
            shipment(id, 2, "tracking.updated.v1", "searching", None),
            booked(id),
            dispatched(id),
            shipment(id, 6, "tracking.updated.v1", "dispatched", None),
            delivered(id),
        ]
    };
    for rotation in 0..5 {
        let world = World::new().await;
        let id = world.brought().await;
        world.heard(&booked(id)).await;
        world.made(id).await;
        let mut all = [events(id).to_vec(), events(id).to_vec()].concat();
        all.rotate_left(rotation);
        all.reverse();
        for event in &all {
            world.heard(event).await;
        }
        let order = world.order(id).await;
        assert_eq!(
            (
                &order["checkout"],
                &order["delivery"]["courier"],
                &order["version"]
            ),
            (&json!("completed"), &json!("delivered"), &json!(6)),
            "{rotation}"
        );
        let told: Vec<i64> = sqlx::query_scalar(
            "SELECT sequence FROM outbox.events WHERE type = 'order.courier_changed.v1' ORDER BY position",
        )
        .fetch_all(world.db())
        .await
        .expect("the outbox");
        assert!(told.is_sorted_by(|a, b| a < b), "{rotation}: {told:?}");
    }
}

#[tokio::test]
async fn what_we_never_gave_to_a_courier_is_for_a_person_to_see_to() {
    let world = World::new().await;
    let id = world.brought().await;
    world.heard(&booked(id)).await;
    let before = world.order(id).await;
    assert_eq!(world.hears(&delivered(id)).await, StatusCode::NOT_FOUND);
    assert_eq!(world.order(id).await, before);

    let event = delivered(id);
    world
        .deliver("/events/dead", "shipping-events.order.dead", &event)
        .await;
    let letters = world.get(&world.operator(), "/v1/dead-letters").await;
    let letter = letters.body["items"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/v1/dead-letters/{letter}/redrive");
    let refused = world.post(&world.operator(), &path, &json!({})).await;
    assert_eq!(refused.problem().0, "dead-letter-unusable");
    // Once it is ready the letter can be taken.
    world.made(id).await;
    let redriven = world.post(&world.operator(), &path, &json!({})).await;
    assert!(redriven.status.is_success(), "{}", redriven.body);
    assert_eq!(world.order(id).await["checkout"], "completed");
}

#[tokio::test]
async fn what_shipping_tells_of_nothing_of_ours_or_in_no_form_of_ours() {
    let world = World::new().await;
    let id = world.brought().await;
    world.heard(&booked(Uuid::from_u128(404))).await;
    let mut unknown = booked(id);
    unknown["type"] = json!("shipment.weighed.v1");
    unknown["data"] = json!({"grams": 1});
    world.heard(&unknown).await;
    let mut poison = booked(id);
    poison["data"]["status"] = json!("lost at sea");
    assert_eq!(world.hears(&poison).await, StatusCode::NOT_FOUND);
    assert_eq!(world.order(id).await["delivery"]["courier"], "awaited");
    let db = world.db().clone();
    db.close().await;
    assert_eq!(
        world.hears(&booked(id)).await,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

/// The kinds of what was told since the order was confirmed, with the courier that each names.
async fn told(world: &World) -> Vec<(String, Value, String)> {
    sqlx::query_as(
        "SELECT type, data->'delivery'->'courier', subject FROM outbox.events WHERE position > 2 ORDER BY position",
    )
    .fetch_all(world.db())
    .await
    .expect("the outbox")
}

#[tokio::test]
async fn where_the_courier_is_is_told_once_and_what_follows_from_it_tells_it_too() {
    let world = World::new().await;
    let id = world.brought().await;
    world.heard(&booked(id)).await;
    world.heard(&booked(id)).await;
    world
        .heard(&shipment(id, 4, "tracking.updated.v1", "booked", None))
        .await;
    world.made(id).await;
    world.heard(&delivered(id)).await;
    let (own, courier) = (id.to_string(), format!("{id}:courier"));
    let expected = [
        ("order.courier_changed.v1", "booked", &courier),
        ("order.fulfilment_changed.v1", "booked", &own),
        ("order.fulfilment_changed.v1", "booked", &own),
        ("order.courier_changed.v1", "delivered", &courier),
        ("order.fulfilment_changed.v1", "delivered", &own),
        ("order.completed.v1", "delivered", &own),
    ];
    let expected =
        expected.map(|(kind, at, subject)| (kind.to_owned(), json!(at), subject.clone()));
    assert_eq!(told(&world).await, expected);
}

#[tokio::test]
async fn the_event_of_a_courier_is_the_golden_sample() {
    let world = World::new().await;
    let mut body = brought(by_card("tok_visa"));
    body["lines"][0]["quantity"] = 2.into();
    let id = world.place("k1", &body).await.id();
    world.heard(&booked(id)).await;
    let sample: Value = serde_json::from_str(include_str!(
        "../../../events/order.courier_changed.v1.json"
    ))
    .expect("JSON");
    let stored: (Value, i64, String) = sqlx::query_as(
        "SELECT data, sequence, source FROM outbox.events WHERE type = 'order.courier_changed.v1'",
    )
    .fetch_one(world.db())
    .await
    .expect("the event");
    let mut data = stored.0;
    for field in ["order_id", "number"] {
        data[field] = sample["data"][field].clone();
    }
    assert_eq!(data, sample["data"]);
    assert_eq!(
        (stored.1.to_string(), stored.2),
        ("3".to_owned(), "/order".to_owned())
    );
}
