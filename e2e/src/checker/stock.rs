//! I3: no stock below zero, none out of nowhere, and none gone without a trace.
//!
//! Invariant: the counters are worked out again from the movements; that they agree with each other is not enough.

use std::collections::BTreeMap;

use super::evidence::{Evidence, Level};
use super::{Invariant, Verdict};

/// The counters of a level, as its movements make them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counters {
    initial: i64,
    received: i64,
    restocked: i64,
    adjusted: i64,
    available: i64,
    reserved: i64,
    sold: i64,
    wasted: i64,
}

impl Counters {
    fn of(level: &Level) -> Self {
        Self {
            initial: level.initial,
            received: level.received,
            restocked: level.restocked,
            adjusted: level.adjusted,
            available: level.available,
            reserved: level.reserved,
            sold: level.sold,
            wasted: level.wasted,
        }
    }

    /// Takes a movement; says whether there is one of that kind.
    fn take(&mut self, kind: &str, quantity: i64) -> bool {
        let supply = match kind {
            "initial" => &mut self.initial,
            "receipt" => &mut self.received,
            "restock" => &mut self.restocked,
            "adjustment" => &mut self.adjusted,
            "waste" => {
                self.available -= quantity;
                self.wasted += quantity;
                return true;
            }
            "reservation" => {
                self.available -= quantity;
                self.reserved += quantity;
                return true;
            }
            "release" => {
                self.reserved -= quantity;
                self.available += quantity;
                return true;
            }
            "sale" => {
                self.reserved -= quantity;
                self.sold += quantity;
                return true;
            }
            _ => return false,
        };
        *supply += quantity;
        self.available += quantity;
        true
    }

    fn negative(&self) -> bool {
        [self.available, self.reserved, self.sold, self.wasted]
            .iter()
            .any(|counter| *counter < 0)
    }

    fn adds_up(&self) -> bool {
        self.available + self.reserved + self.sold + self.wasted
            == self.initial + self.received + self.restocked + self.adjusted
    }
}

/// I3.
pub(super) fn adds_up(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I3);
    let mut made: BTreeMap<(&str, &str), Counters> = BTreeMap::new();
    for movement in &evidence.movements {
        let place = (movement.store_id.as_str(), movement.item_id.as_str());
        let counters = made.entry(place).or_default();
        if !counters.take(&movement.kind, movement.quantity) {
            let kind = &movement.kind;
            verdict.violated(&movement.item_id, format!("a movement of the kind {kind}"));
        }
    }
    let mut held: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    let holding = |status: &str| status == "held";
    for row in evidence
        .reservations
        .iter()
        .filter(|row| holding(&row.status))
    {
        for (item, quantity) in row.items.iter().zip(&row.quantities) {
            let store = row.store_id.as_deref().unwrap_or_default();
            *held.entry((store, item)).or_default() += quantity;
        }
    }
    for level in &evidence.levels {
        let place = (level.store_id.as_str(), level.item_id.as_str());
        let about = format!("item {} at store {}", level.item_id, level.store_id);
        let counters = Counters::of(level);
        let from_movements = made.remove(&place).unwrap_or_default();
        if counters.negative() || from_movements.negative() {
            verdict.violated(
                &about,
                format!("below zero: {counters:?}, by its movements {from_movements:?}"),
            );
        } else if !counters.adds_up() {
            verdict.violated(&about, format!("does not add up: {counters:?}"));
        } else if counters != from_movements {
            verdict.violated(
                &about,
                format!("{counters:?}, by its movements {from_movements:?}"),
            );
        }
        let held = held.remove(&place).unwrap_or_default();
        if held != level.reserved {
            let reserved = level.reserved;
            verdict.violated(
                &about,
                format!("{reserved} are reserved, and {held} are held for orders"),
            );
        }
    }
    for ((store, item), quantity) in held {
        let about = format!("item {item} at store {store}");
        verdict.violated(
            about,
            format!("{quantity} are held of what the store does not keep"),
        );
    }
    for (store, item) in made.into_keys() {
        verdict.violated(
            format!("item {item} at store {store}"),
            "it moved, and has no level",
        );
    }
    verdict.saw(evidence.levels.len(), "levels");
    verdict.saw(evidence.movements.len(), "sums of movements");
    verdict
}
