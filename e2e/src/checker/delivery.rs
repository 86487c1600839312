//! I6: what happened is published, what is published arrives, and what arrives has its effect once.
//!
//! Invariant: who must take which event is this file's own table; an event that was given up counts as accounted for
//! only while its dead letter waits for an operator.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::evidence::{Event, Evidence};
use super::{Invariant, Verdict};

/// A service, a type of event, and which of them it acts on.
type Consumer = (&'static str, &'static str, fn(&Event) -> bool);

/// Who admits which events, so that each has its effect there once.
const CONSUMERS: [Consumer; 32] = [
    ("inventory", "order.confirmed.v1", always),
    ("inventory", "order.cancelled.v1", always),
    ("payment", "order.completed.v1", paid_at_the_counter),
    ("order", "order.created.v1", always),
    ("order", "order.confirmed.v1", always),
    ("order", "order.fulfilment_changed.v1", always),
    ("order", "order.completed.v1", always),
    ("order", "order.recalled.v1", always),
    ("order", "order.cancelled.v1", always),
    ("order", "order.parked.v1", always),
    ("order", "order.resumed.v1", always),
    ("order", "order.returned.v1", always),
    ("order", "inventory.reserved.v1", always),
    ("order", "inventory.committed.v1", always),
    ("order", "inventory.released.v1", always),
    ("order", "payment.authorised.v1", always),
    ("order", "payment.processed.v1", always),
    ("order", "payment.failed.v1", always),
    ("order", "payment.voided.v1", always),
    ("order", "payment.refund_processed.v1", always),
    ("shipping", "order.confirmed.v1", to_be_brought),
    ("shipping", "order.cancelled.v1", to_be_brought),
    ("shipping", "order.recalled.v1", to_be_brought),
    ("shipping", "user.deleted.v1", always),
    ("order", "shipment.created.v1", always),
    ("order", "shipment.dispatched.v1", always),
    ("order", "tracking.updated.v1", always),
    ("order", "shipment.delivered.v1", always),
    ("order", "shipment.failed.v1", always),
    ("order", "shipment.cancelled.v1", always),
    ("order", "user.updated.v1", always),
    ("order", "user.deleted.v1", always),
];

fn always(_: &Event) -> bool {
    true
}

fn paid_at_the_counter(event: &Event) -> bool {
    let (payment, total) = (&event.data["payment"], &event.data["total"]);
    payment["method"] == "counter" && total["amount"].as_i64() > Some(0)
}

fn to_be_brought(event: &Event) -> bool {
    !event.data["delivery"].is_null()
}

/// I6.
pub(super) fn effects_once(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I6);
    for waiting in &evidence.outboxes {
        if waiting.events > 0 {
            let events = waiting.events;
            verdict.violated(
                &waiting.app,
                format!("{events} events wait to be published"),
            );
        }
    }
    let mut seen = HashSet::new();
    let events: Vec<_> = evidence
        .events
        .iter()
        .filter(|event| seen.insert((event.source.as_str(), event.id.as_str())))
        .collect();
    published(evidence, &events, &mut verdict);
    admitted(evidence, &events, &mut verdict);
    moved(evidence, &mut verdict);
    verdict.saw(evidence.outboxes.len(), "outboxes");
    verdict.saw(events.len(), "events");
    verdict.saw(evidence.admissions.len(), "admissions");
    verdict
}

/// Each transition of each order is told by one event.
fn published(evidence: &Evidence, events: &[&Event], verdict: &mut Verdict) {
    let mut told: HashMap<(&str, i64), usize> = HashMap::new();
    for event in events.iter().filter(|event| event.source == "/order") {
        *told.entry((&event.subject, event.sequence)).or_default() += 1;
    }
    for row in &evidence.history {
        let times = told.get(&(row.order_id.as_str(), row.version)).copied();
        if times != Some(1) {
            let (version, times) = (row.version, times.unwrap_or_default());
            verdict.violated(
                &row.order_id,
                format!("version {version} was published {times} times"),
            );
        }
    }
}

/// Each event was admitted by those who act on it, or waits among what they gave up.
fn admitted(evidence: &Evidence, events: &[&Event], verdict: &mut Verdict) {
    let admitted: HashSet<_> = evidence
        .admissions
        .iter()
        .map(|row| (row.app.as_str(), row.source.as_str(), row.id.as_str()))
        .collect();
    let waiting = |app: &str, event: &Event| {
        evidence.dead_letters.iter().any(|letter| {
            !letter.redriven
                && letter.app == app
                && (&letter.source, &letter.event_id) == (&event.source, &event.id)
        })
    };
    for event in events {
        let takers = CONSUMERS
            .iter()
            .filter(|(_, kind, matters)| *kind == event.kind && matters(event));
        for (app, kind, _) in takers {
            let taken = admitted.contains(&(*app, event.source.as_str(), event.id.as_str()));
            if !taken && !waiting(app, event) {
                let id = &event.id;
                verdict.violated(
                    &event.subject,
                    format!("{app} has not admitted {kind} {id}"),
                );
            }
        }
    }
}

/// What each order did to the stock is what its reservation says, no matter how often it was told.
fn moved(evidence: &Evidence, verdict: &mut Verdict) {
    let mut moved: BTreeMap<(&str, &str, &str), i64> = BTreeMap::new();
    // What came back after it was handed over is another invariant's.
    let own = evidence
        .movements
        .iter()
        .filter(|row| row.return_id.is_none());
    for row in own {
        if let Some(order) = row.order_id.as_deref() {
            *moved.entry((order, &row.item_id, &row.kind)).or_default() += row.quantity;
        }
    }
    let reservations: HashMap<_, _> = evidence
        .reservations
        .iter()
        .map(|row| (row.order_id.as_str(), row))
        .collect();
    for row in &evidence.reservations {
        for (item, quantity) in row.items.iter().zip(&row.quantities) {
            let of = |kind| {
                moved
                    .get(&(row.order_id.as_str(), item.as_str(), kind))
                    .copied()
                    .unwrap_or_default()
            };
            let (sold, held) = (
                of("sale") - of("restock"),
                of("reservation") - of("release") - of("sale"),
            );
            let expected = match row.status.as_str() {
                "held" => (0, *quantity),
                "committed" => (*quantity, 0),
                _ => (0, 0),
            };
            if (sold, held) != expected {
                let status = &row.status;
                verdict.violated(
                    &row.order_id,
                    format!("of item {item}, {sold} are sold and {held} held by its movements; it is {status} with {quantity}"),
                );
            }
        }
    }
    let goes_on = |checkout: &str| ["confirmed", "completed"].contains(&checkout);
    for order in evidence
        .orders
        .iter()
        .filter(|order| goes_on(&order.checkout))
    {
        let status = reservations
            .get(order.id.as_str())
            .map(|row| row.status.as_str());
        if status != Some("committed") {
            let (checkout, status) = (&order.checkout, status.unwrap_or("missing"));
            verdict.violated(
                &order.id,
                format!("it is {checkout}, and its reservation is {status}"),
            );
        }
    }
}
