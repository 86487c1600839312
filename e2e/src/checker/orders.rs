//! I1, I8 and I9: orders exist and are settled, take legal steps only, and one key makes one order.
//!
//! Invariant: the table of legal steps is this file's own; what order holds to be legal is not asked.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::evidence::{Checkout, Evidence, Order, Transition};
use super::{Invariant, Verdict};
use crate::history::{Command, Phase};

/// I1: what was acknowledged exists, and every saga is over or in a person's hands.
pub(super) fn settled(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I1);
    let orders: HashMap<&str, &Order> = by_id(&evidence.orders);
    let acknowledged = evidence
        .asked
        .iter()
        .filter(|entry| entry.phase == Phase::Ok);
    let mut placed = 0;
    for entry in acknowledged {
        let Some(id) = entry.order.as_deref() else {
            verdict.violated(
                "an acknowledged command",
                format!("it names no order: {entry:?}"),
            );
            continue;
        };
        let order = orders.get(id);
        match (entry.command, order) {
            (_, None) => verdict.violated(
                id,
                format!(
                    "{:?} was acknowledged, and there is no such order",
                    entry.command
                ),
            ),
            (Command::Place, Some(_)) => placed += 1,
            (Command::Cancel, Some(order)) => {
                if !["cancelled", "manual"].contains(&order.checkout.as_str()) {
                    let checkout = &order.checkout;
                    verdict.violated(
                        id,
                        format!("its cancellation was acknowledged, it is {checkout}"),
                    );
                }
            }
            (Command::Refund, Some(_)) => {}
        }
    }
    let sagas: HashMap<&str, &Checkout> = evidence
        .checkouts
        .iter()
        .map(|saga| (saga.order_id.as_str(), saga))
        .collect();
    for order in &evidence.orders {
        let Some(saga) = sagas.get(order.id.as_str()) else {
            verdict.violated(&order.id, "it has no saga");
            continue;
        };
        let (state, direction, step) = (&saga.state, &saga.direction, &saga.step);
        let expected: &[&str] = match (state.as_str(), direction.as_str()) {
            ("settled", "forward") => &["confirmed", "completed"],
            ("settled", "back") => &["cancelled"],
            ("manual", _) => &["manual"],
            _ => {
                verdict.violated(
                    &order.id,
                    format!("its saga is {state} {direction} at {step}, and nobody sees to it"),
                );
                continue;
            }
        };
        if !expected.contains(&order.checkout.as_str()) {
            let checkout = &order.checkout;
            verdict.violated(
                &order.id,
                format!("its saga is {state} {direction}, and the order is {checkout}"),
            );
        }
    }
    verdict.saw(placed, "acknowledged orders");
    verdict.saw(evidence.orders.len(), "orders");
    verdict
}

/// Which steps there are: the axis, from where, to where, and where the other axis must stand.
const STEPS: [(&str, Option<&str>, &str, &str); 11] = [
    ("checkout", None, "pending", "waiting"),
    ("checkout", Some("pending"), "confirmed", "waiting"),
    ("checkout", Some("confirmed"), "pending", "waiting"),
    ("checkout", Some("confirmed"), "completed", "delivered"),
    ("checkout", Some("pending"), "cancelled", "waiting"),
    ("checkout", Some("pending"), "manual", "waiting"),
    ("checkout", Some("manual"), "pending", "waiting"),
    ("checkout", Some("manual"), "cancelled", "waiting"),
    ("fulfilment", Some("waiting"), "preparation", "confirmed"),
    ("fulfilment", Some("preparation"), "ready", "confirmed"),
    ("fulfilment", Some("ready"), "delivered", "confirmed"),
];

/// I8: an order takes legal steps only, its version grows by one with each, and its events come in that order.
pub(super) fn legal(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I8);
    let mut histories: BTreeMap<&str, Vec<&Transition>> = BTreeMap::new();
    for row in &evidence.history {
        histories.entry(&row.order_id).or_default().push(row);
    }
    let orders: HashMap<&str, &Order> = by_id(&evidence.orders);
    for (id, history) in histories {
        match (follow(&history), orders.get(id)) {
            (Err(fault), _) => verdict.violated(id, fault),
            (Ok(_), None) => verdict.violated(id, "it has a history, and is no order"),
            (Ok((checkout, fulfilment)), Some(order)) => {
                if (checkout, fulfilment) != (&order.checkout, &order.fulfilment) {
                    let told = format!("{checkout} and {fulfilment}");
                    let is = format!("{} and {}", order.checkout, order.fulfilment);
                    verdict.violated(id, format!("its history leads to {told}, it is {is}"));
                }
            }
        }
    }
    let mut newest: HashMap<(&str, &str), i64> = HashMap::new();
    let mut seen = HashSet::new();
    // An event may come twice, under its first id; what counts is its first coming.
    let first = evidence
        .events
        .iter()
        .filter(|event| seen.insert((event.source.as_str(), event.id.as_str())));
    let ours = first
        .filter(|event| event.source != "/order" || orders.contains_key(event.subject.as_str()));
    for event in ours {
        let before = newest.insert((&event.source, &event.subject), event.sequence);
        if let Some(before) = before.filter(|before| *before >= event.sequence) {
            let (kind, sequence) = (&event.kind, event.sequence);
            verdict.violated(
                &event.subject,
                format!("{kind} was published with sequence {sequence} after {before}"),
            );
        }
    }
    verdict.saw(evidence.history.len(), "transitions");
    verdict.saw(evidence.events.len(), "events");
    verdict
}

/// Where a history leads to.
fn follow<'h>(history: &[&'h Transition]) -> Result<(&'h str, &'h str), String> {
    let (mut checkout, mut fulfilment) = (None, "waiting");
    for (row, version) in history.iter().zip(1..) {
        if row.version != version {
            return Err(format!(
                "version {} stands where {version} should",
                row.version
            ));
        }
        let (from, to) = (row.from_status.as_deref(), row.to_status.as_str());
        let here = match row.axis.as_str() {
            "checkout" => (checkout, fulfilment),
            _ => (Some(fulfilment), checkout.unwrap_or_default()),
        };
        let legal = STEPS.contains(&(row.axis.as_str(), from, to, here.1)) && here.0 == from;
        if !legal {
            let from = from.unwrap_or("nothing");
            return Err(format!(
                "version {version} takes the {} from {from} to {to} at {} and {fulfilment}",
                row.axis,
                checkout.unwrap_or("nothing"),
            ));
        }
        match row.axis.as_str() {
            "checkout" => checkout = Some(to),
            _ => fulfilment = to,
        }
    }
    Ok((checkout.unwrap_or_default(), fulfilment))
}

/// I9: whatever was answered under one key, it was about one order.
pub(super) fn one_order_per_key(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I9);
    let mut answers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let placed = evidence
        .asked
        .iter()
        .filter(|entry| (entry.command, entry.phase) == (Command::Place, Phase::Ok));
    for entry in placed {
        if let (Some(key), Some(order)) = (&entry.key, &entry.order) {
            answers.entry(key).or_default().insert(order);
        }
    }
    for (key, orders) in &answers {
        if orders.len() > 1 {
            verdict.violated(format!("key {key}"), format!("it made {orders:?}"));
        }
    }
    verdict.saw(answers.len(), "keys");
    verdict
}

fn by_id(orders: &[Order]) -> HashMap<&str, &Order> {
    orders
        .iter()
        .map(|order| (order.id.as_str(), order))
        .collect()
}
