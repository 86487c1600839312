//! What lands in the outbox: one event per version, equal to the golden samples but for ids, times and the trace.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use order::{events, lifecycle::STEPS};
use serde_json::Value;
use testkit::events::{kinds, published};

use crate::shop::problem;
use crate::world::{World, by_card, order_of, place, waiting};

/// The golden samples, by event type.
fn golden() -> BTreeMap<String, Value> {
    testkit::events::golden(env!("CARGO_MANIFEST_DIR"))
}

/// Puts the sample's identity in place of the event's own, so that everything else must be equal.
fn like(sample: &Value, event: &Value) -> Value {
    let own = [
        "/id",
        "/subject",
        "/data/order_id",
        "/data/number",
        "/time",
        "/data/occurred_at",
    ];
    testkit::events::like(sample, event, &own)
}

#[tokio::test]
async fn an_orders_events_are_the_golden_samples() {
    let world = World::new().await;
    let id = world.place("k1", &order_of(2)).await.id();
    let barista = world.barista();
    for (version, status) in [(2, "preparation"), (3, "ready"), (4, "delivered")] {
        assert_eq!(
            world.fulfil(&barista, id, version, status).await.status,
            StatusCode::OK
        );
    }
    let published = published(world.db()).await;
    let told: Vec<_> = published
        .iter()
        .map(|event| {
            (
                event["type"].as_str().expect("a type"),
                event["sequence"].as_str().expect("a sequence"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("order.created.v1", "1"),
            ("order.confirmed.v1", "2"),
            ("order.fulfilment_changed.v1", "3"),
            ("order.fulfilment_changed.v1", "4"),
            ("order.fulfilment_changed.v1", "5"),
            ("order.completed.v1", "6"),
        ]
    );
    for event in &published {
        assert_eq!(event["subject"], id.to_string());
        assert_eq!(event["data"]["order_id"], id.to_string());
        assert_eq!(
            event["data"]["version"].to_string(),
            event["sequence"].as_str().expect("a sequence")
        );
    }
    like_the_samples(&published, 4);
}

/// Each kind of event among `published` is as its sample says.
fn like_the_samples(published: &[Value], kinds: usize) {
    let mut seen = 0;
    for (kind, sample) in golden() {
        if let Some(event) = published.iter().find(|event| event["type"] == *kind) {
            assert_eq!(like(&sample, event), sample);
            seen += 1;
        }
    }
    assert_eq!(seen, kinds);
}

#[tokio::test]
async fn the_events_of_undoing_are_the_golden_samples() {
    let world = World::new().await;
    let mut body = by_card("tok_visa");
    body["lines"][0]["quantity"] = 2.into();
    let id = world.place("k1", &body).await.id();
    // The refund fails until a person has seen to it.
    world.shop.always("refund", problem(503, "unavailable"));
    world.recall(id).await;
    world.until(id, |order| order["checkout"] == "manual").await;
    world.shop.mend("refund");
    world.retry(id).await;
    world
        .until(id, |order| order["checkout"] == "cancelled")
        .await;
    let published = published(world.db()).await;
    assert_eq!(
        kinds(&published),
        [
            "order.created.v1",
            "order.confirmed.v1",
            "order.recalled.v1",
            "order.parked.v1",
            "order.resumed.v1",
            "order.cancelled.v1",
        ]
    );
    like_the_samples(&published[2..], 4);
}

#[tokio::test]
async fn an_event_carries_the_trace_of_its_cause() {
    let world = World::new().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let mut request = waiting(place(&world.customer(), "k1", &order_of(1)));
    let parent = format!("00-{trace}-00f067aa0ba902b7-01")
        .parse()
        .expect("a header value");
    request.headers_mut().insert("traceparent", parent);
    assert_eq!(world.send(request).await.status, StatusCode::ACCEPTED);
    let stored: Vec<String> = sqlx::query_scalar("SELECT trace_parent FROM outbox.events")
        .fetch_all(world.db())
        .await
        .expect("the outbox");
    assert_eq!(stored.len(), 2);
    for parent in stored {
        assert!(parent.starts_with(&format!("00-{trace}-")), "{parent}");
    }
}

#[test]
fn every_step_has_an_event_with_a_golden_sample() {
    let steps = STEPS.iter().map(|row| events::kind(row.step));
    // What happens to an order beside its steps.
    let beside = [events::RETURNED, events::COURIER_CHANGED];
    let used: BTreeSet<_> = steps.chain(beside).map(str::to_owned).collect();
    assert_eq!(used, golden().into_keys().collect());
}
