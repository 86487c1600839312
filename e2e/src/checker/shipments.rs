//! I15: what is brought is brought once, and what became of it is what became of its order.
//!
//! Invariant: order's word and shipping's are two books, held against each other; neither is believed over the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::evidence::{Evidence, Order, Shipment};
use super::{Invariant, Verdict};

/// What is on its way, or was promised to be.
const UNDER_WAY: [&str; 3] = ["searching", "booked", "dispatched"];
/// What shipping tells once of a shipment at most.
const ONCE: [&str; 2] = ["shipment.created.v1", "shipment.delivered.v1"];

/// I15: a delivered order was delivered, once; nothing of a cancelled one is under way; a paid one ends delivered, or
/// refunded, or in its customer's hands at the counter.
pub(super) fn end_with_their_orders(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I15);
    let shipments: HashMap<&str, &Shipment> = evidence
        .shipments
        .iter()
        .map(|shipment| (shipment.order_id.as_str(), shipment))
        .collect();
    let brought = || {
        evidence
            .orders
            .iter()
            .filter(|order| order.courier.is_some())
    };
    for order in brought() {
        let Some(shipment) = shipments.get(order.id.as_str()) else {
            verdict.violated(&order.id, "it is brought, and shipping knows nothing of it");
            continue;
        };
        if order.fee != shipment.fee {
            let (ours, theirs) = (order.fee, shipment.fee);
            verdict.violated(
                &order.id,
                format!("it is brought for {ours}, its shipment for {theirs}"),
            );
        }
        if let Some(fault) = fault(order, &shipment.status) {
            verdict.violated(&order.id, fault);
        }
    }
    let orders: BTreeSet<&str> = brought().map(|order| order.id.as_str()).collect();
    for shipment in &evidence.shipments {
        // What was announced for an order that came to nothing binds nobody.
        let binds = !["announced", "cancelled"].contains(&shipment.status.as_str());
        if binds && !orders.contains(shipment.order_id.as_str()) {
            let status = &shipment.status;
            verdict.violated(
                &shipment.order_id,
                format!("its shipment is {status}, and no order is brought"),
            );
        }
    }
    told_once(evidence, &mut verdict);
    verdict.saw(orders.len(), "orders that are brought");
    verdict.saw(evidence.shipments.len(), "shipments");
    verdict
}

/// What is wrong between an order and its shipment.
fn fault(order: &Order, shipment: &str) -> Option<String> {
    let (checkout, fulfilment) = (order.checkout.as_str(), order.fulfilment.as_str());
    let waits = fulfilment == "waiting";
    let fits = match (checkout, shipment) {
        // What came back to the shop was fetched there.
        ("completed", status) => ["delivered", "failed"].contains(&status),
        ("cancelled", status) => !UNDER_WAY.contains(&status) && status != "delivered",
        ("confirmed", "failed") => !waits,
        // Dispatched is what was ready.
        ("confirmed", "dispatched") => fulfilment == "ready",
        ("confirmed", status) => ["announced", "searching", "booked"].contains(&status),
        // Neither is at its end: that is for other invariants.
        _ => true,
    };
    if !fits {
        return Some(format!(
            "it is {checkout} and {fulfilment}, and its shipment is {shipment}"
        ));
    }
    let made_without = !waits && ["announced", "searching"].contains(&shipment);
    made_without.then(|| format!("it is {fulfilment}, and its shipment is {shipment}"))
}

/// What happens once is told by one event.
fn told_once(evidence: &Evidence, verdict: &mut Verdict) {
    let mut told: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    let once = evidence
        .events
        .iter()
        .filter(|event| ONCE.contains(&event.kind.as_str()));
    for event in once {
        let ids = told.entry((&event.subject, &event.kind)).or_default();
        ids.insert(&event.id);
    }
    for ((shipment, kind), ids) in told {
        if ids.len() > 1 {
            verdict.violated(shipment, format!("{kind} was told {} times", ids.len()));
        }
    }
}
