//! I11: pick-up slots are taken by the orders that hold them, and by no more than they take.
//!
//! Invariant: who holds a slot is counted from the orders; what the slot counts of itself is only compared.

use std::collections::BTreeMap;

use super::evidence::Evidence;
use super::{Invariant, Verdict};

/// I11: what a slot counts is how many orders hold it that are not cancelled, and not more than it takes.
pub(super) fn never_oversold(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I11);
    let mut held: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    let holders = evidence
        .orders
        .iter()
        .filter(|order| order.checkout != "cancelled");
    for order in holders {
        if let Some(slot) = &order.slot {
            *held.entry((&order.store_id, slot)).or_default() += 1;
        }
    }
    for slot in &evidence.slots {
        let (store, at) = (slot.store_id.as_str(), slot.starts_at.as_str());
        let holders = held.remove(&(store, at)).unwrap_or_default();
        if slot.taken != holders {
            verdict.violated(
                format!("{at} at {store}"),
                format!("it counts {}, and {holders} orders hold it", slot.taken),
            );
        }
        if holders > slot.capacity {
            verdict.violated(
                format!("{at} at {store}"),
                format!("{holders} orders hold it, and it takes {}", slot.capacity),
            );
        }
    }
    for ((store, at), holders) in held {
        verdict.violated(
            format!("{at} at {store}"),
            format!("{holders} orders hold it, and there is no such slot"),
        );
    }
    verdict.saw(evidence.slots.len(), "slots");
    verdict
}
