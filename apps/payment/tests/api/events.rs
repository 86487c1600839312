//! What lands in the outbox: one event per version, equal to the golden samples but for ids and times.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use payment::events;
use payment::payment::Step;
use serde_json::Value;
use service::money::Money;
use uuid::Uuid;

use crate::provider::Mood;
use crate::world::World;

/// The golden samples, by event type.
fn golden() -> BTreeMap<&'static str, Value> {
    [
        (
            "payment.initiated.v1",
            include_str!("../../events/payment.initiated.v1.json"),
        ),
        (
            "payment.authorised.v1",
            include_str!("../../events/payment.authorised.v1.json"),
        ),
        (
            "payment.processed.v1",
            include_str!("../../events/payment.processed.v1.json"),
        ),
        (
            "payment.failed.v1",
            include_str!("../../events/payment.failed.v1.json"),
        ),
        (
            "payment.voided.v1",
            include_str!("../../events/payment.voided.v1.json"),
        ),
        (
            "payment.refund_processed.v1",
            include_str!("../../events/payment.refund_processed.v1.json"),
        ),
    ]
    .map(|(kind, text)| {
        (
            kind,
            serde_json::from_str(text).expect("a golden sample is JSON"),
        )
    })
    .into()
}

#[derive(sqlx::FromRow)]
struct Stored {
    id: Uuid,
    source: String,
    #[sqlx(rename = "type")]
    kind: String,
    subject: String,
    sequence: i64,
    time: DateTime<Utc>,
    data: Value,
}

/// The events in the outbox as they would be published with the golden samples' trace.
async fn published(world: &World) -> Vec<Value> {
    let rows: Vec<Stored> = sqlx::query_as("SELECT * FROM outbox.events ORDER BY position")
        .fetch_all(world.db())
        .await
        .expect("the outbox");
    rows.into_iter()
        .map(|row| {
            let event = outbox::Event {
                id: row.id,
                source: row.source,
                kind: row.kind,
                subject: row.subject,
                sequence: row.sequence,
                time: row.time,
                data: row.data,
            };
            let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
            serde_json::to_value(event.cloud_event(Some(trace))).expect("JSON")
        })
        .collect()
}

/// Puts the sample's identity in place of the event's own, so that everything else must be equal.
fn like(sample: &Value, mut event: Value) -> Value {
    for pointer in [
        "/id",
        "/subject",
        "/data/payment_id",
        "/data/order_id",
        "/time",
        "/data/occurred_at",
    ] {
        let (own, golden) = (
            event.pointer(pointer).expect(pointer),
            sample.pointer(pointer).expect(pointer),
        );
        assert_eq!(form(own), form(golden), "{pointer}");
        *event.pointer_mut(pointer).expect(pointer) = golden.clone();
    }
    event
}

/// A text with every digit, and every letter of a hexadecimal number, as one character: the form of ids and times.
fn form(text: &Value) -> String {
    let text = text.as_str().expect("a text");
    text.chars()
        .map(|char| if char.is_ascii_hexdigit() { '0' } else { char })
        .collect()
}

#[tokio::test]
async fn a_payments_events_are_the_golden_samples() {
    let world = World::new().await;
    let order = world.captured().await;
    world.refund(order, "k", 90).await;
    let voided = world.new_order();
    world.authorise(voided).await;
    world.void(voided).await;
    world.provider.will("authorisation", &[Mood::Decline]);
    world.authorise(world.new_order()).await;

    let published = published(&world).await;
    for event in &published {
        assert_eq!(event["subject"], event["data"]["payment_id"]);
    }
    let first = &published[0]["subject"];
    let told: Vec<_> = published
        .iter()
        .filter(|event| event["subject"] == *first)
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
            ("payment.initiated.v1", "1"),
            ("payment.authorised.v1", "2"),
            ("payment.processed.v1", "3"),
            ("payment.refund_processed.v1", "4"),
        ]
    );
    for (kind, sample) in golden() {
        let event = published.iter().find(|event| event["type"] == kind);
        let event = event.unwrap_or_else(|| panic!("{kind} was not published"));
        assert_eq!(like(&sample, event.clone()), sample);
    }
}

#[test]
fn every_step_has_an_event_with_a_golden_sample() {
    let money = Money::new(1, "EUR".parse().expect("a currency"));
    let steps = [
        Step::Authorise,
        Step::Decline(String::new()),
        Step::Capture(money),
        Step::Void,
        Step::Refund(money),
    ];
    let mut used: BTreeSet<_> = steps.iter().map(events::kind).collect();
    used.insert(events::INITIATED);
    assert_eq!(used, golden().into_keys().collect());
}
