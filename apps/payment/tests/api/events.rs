//! What lands in the outbox: one event per version, equal to the golden samples but for ids and times.

use std::collections::{BTreeMap, BTreeSet};

use payment::events;
use payment::payment::{OrderId, Step};
use serde_json::Value;
use service::money::Money;
use testkit::events::published;

use crate::counter::completed;
use crate::provider::Mood;
use crate::world::{AMOUNT, World};

/// The golden samples, by event type.
fn golden() -> BTreeMap<String, Value> {
    testkit::events::golden(env!("CARGO_MANIFEST_DIR"))
}

/// Puts the sample's identity in place of the event's own, so that everything else must be equal.
fn like(sample: &Value, event: &Value) -> Value {
    let own = [
        "/id",
        "/subject",
        "/data/payment_id",
        "/data/order_id",
        "/time",
        "/data/occurred_at",
        "/data/refund/refund_id",
    ];
    testkit::events::like(sample, event, &own)
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

    let published = published(world.db()).await;
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
        let event = published.iter().find(|event| event["type"] == *kind);
        let event = event.unwrap_or_else(|| panic!("{kind} was not published"));
        assert_eq!(like(&sample, event), sample);
    }
}

/// The refunds that were told of an order, in their order: how much each was, what for, and how much it made in all.
async fn refunds(world: &World, order: OrderId) -> Vec<(i64, String, i64)> {
    let told = published(world.db()).await.into_iter();
    told.filter(|event| event["type"] == "payment.refund_processed.v1")
        .filter(|event| event["data"]["order_id"] == order.0.to_string())
        .map(|event| {
            let refund = &event["data"]["refund"];
            (
                refund["amount"]["amount"].as_i64().expect("an amount"),
                refund["cause"].as_str().expect("a cause").to_owned(),
                event["data"]["refunded"]["amount"].as_i64().expect("a sum"),
            )
        })
        .collect()
}

#[tokio::test]
async fn each_refund_says_how_much_it_was_and_what_for() {
    let world = World::new().await;
    let order = world.captured().await;
    world.refund(order, "k", 90).await;
    world.refund_return(order, world.app.ids.next(), 300).await;
    world.undo(order).await;
    let rest = AMOUNT - 90 - 300;
    assert_eq!(
        refunds(&world, order).await,
        [
            (90, "amount".to_owned(), 90),
            (300, "return".to_owned(), 390),
            (rest, "undone".to_owned(), AMOUNT),
        ]
    );

    let event = completed();
    world.deliver("/events/order", &event).await;
    let order = event["data"]["order_id"].as_str().expect("an id");
    let order = OrderId(order.parse().expect("a UUID"));
    world.refund_return(order, world.app.ids.next(), 445).await;
    world.refund(order, "till", 45).await;
    assert_eq!(
        refunds(&world, order).await,
        [
            (445, "return".to_owned(), 445),
            (45, "amount".to_owned(), 490),
        ],
        "out of the till"
    );
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
    let steps = steps.iter().map(events::kind);
    let used = steps.chain([events::INITIATED]).map(str::to_owned);
    assert_eq!(
        used.collect::<BTreeSet<_>>(),
        golden().into_keys().collect()
    );
}
