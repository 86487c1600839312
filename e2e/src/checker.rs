//! Decides the invariants of the whole system from what it left behind, and from nothing that it says of itself.
//!
//! Invariant: a decision is a function of the [`Evidence`] alone; [`judge`] is the only part that touches the system, and
//! it changes nothing.

mod audit;
mod delivery;
pub mod evidence;
mod money;
mod orders;
mod prices;
mod read;
mod refunds;
mod report;
mod returns;
mod sales;
#[cfg(test)]
mod sample;
mod secrets;
mod shipments;
mod slots;
mod stock;
mod transactions;

use std::fmt;

pub use evidence::Evidence;
pub use read::{judge, judge_within, known_secrets, texts};
pub use report::Report;
pub use secrets::search;

/// What must hold whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// Every acknowledged order exists, and its saga is settled.
    I1,
    /// At most one capture per order; the provider's books equal ours.
    I2,
    /// No stock below zero, and none appears or vanishes.
    I3,
    /// The ledger sums to zero per currency.
    I4,
    /// Completed means paid, cancelled means nothing is kept.
    I5,
    /// Every event is published, and has its effect once.
    I6,
    /// One audit row per transition, chained and sealed.
    I7,
    /// Only legal transitions; versions grow by one.
    I8,
    /// The same key means the same order.
    I9,
    /// No secret is in any log, topic, table or cache.
    I10,
    /// A slot counts who holds it, and never more than it takes.
    I11,
    /// An order costs its lines less the discount, the fee for bringing it, and the tip.
    I12,
    /// What comes back is within its order, and is given for and booked once.
    I13,
    /// The sales are what the orders and their returns say.
    I14,
    /// What is brought is brought once, and ends as its order does.
    I15,
    /// Nobody works in a transaction that somebody else left open.
    I16,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::I1,
        Self::I2,
        Self::I3,
        Self::I4,
        Self::I5,
        Self::I6,
        Self::I7,
        Self::I8,
        Self::I9,
        Self::I10,
        Self::I11,
        Self::I12,
        Self::I13,
        Self::I14,
        Self::I15,
        Self::I16,
    ];

    /// The invariant in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::I1 => "every acknowledged order exists and is settled",
            Self::I2 => "at most one capture per order, and the provider's books equal ours",
            Self::I3 => "stock is never negative, and every piece is accounted for",
            Self::I4 => "the ledger sums to zero and follows what moved",
            Self::I5 => "completed is paid, cancelled keeps neither money nor stock",
            Self::I6 => "every event is published and has its effect once",
            Self::I7 => "one audit row per transition, chained and sealed",
            Self::I8 => "only legal transitions, versions grow by one",
            Self::I9 => "the same key means the same order",
            Self::I10 => "no secret is in any log, topic, table or cache",
            Self::I11 => "a pick-up slot counts the orders that hold it, and is never oversold",
            Self::I12 => {
                "an order costs its lines less the discount, the fee for bringing it, and the tip"
            }
            Self::I13 => {
                "returns are within their orders, given for and booked once; orders know of other refunds"
            }
            Self::I14 => "the sales are what the orders and their returns say",
            Self::I15 => "what is brought is brought once, and ends as its order does",
            Self::I16 => "nobody works in a transaction that somebody else left open",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Something that contradicts an invariant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// The order, the item, the file that it is about.
    pub about: String,
    /// What was found, and what should have been.
    pub evidence: String,
}

/// How one invariant was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Which.
    pub invariant: Invariant,
    /// How much of what was looked at, such as 12 orders.
    pub looked_at: Vec<(usize, &'static str)>,
    /// What contradicts it.
    pub violations: Vec<Violation>,
}

impl Verdict {
    fn of(invariant: Invariant) -> Self {
        Self {
            invariant,
            looked_at: Vec::new(),
            violations: Vec::new(),
        }
    }

    fn saw(&mut self, count: usize, what: &'static str) {
        self.looked_at.push((count, what));
    }

    fn violated(&mut self, about: impl fmt::Display, evidence: impl fmt::Display) {
        self.violations.push(Violation {
            invariant: self.invariant,
            about: about.to_string(),
            evidence: evidence.to_string(),
        });
    }
}

/// Decides all invariants.
#[must_use]
pub fn decide(evidence: &Evidence) -> Report {
    Report {
        verdicts: vec![
            orders::settled(evidence),
            money::books_are_equal(evidence),
            stock::adds_up(evidence),
            money::ledger_balances(evidence),
            money::ends_are_paid(evidence),
            delivery::effects_once(evidence),
            audit::chained(evidence),
            orders::legal(evidence),
            orders::one_order_per_key(evidence),
            secrets::unspoken(evidence),
            slots::never_oversold(evidence),
            prices::add_up(evidence),
            returns::given_and_taken_once(evidence),
            sales::equal_the_orders(evidence),
            shipments::end_with_their_orders(evidence),
            transactions::end_with_their_callers(evidence),
        ],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn red(evidence: &Evidence) -> BTreeSet<Invariant> {
        let report = decide(evidence);
        report
            .violations()
            .map(|violation| violation.invariant)
            .collect()
    }

    #[test]
    fn a_sound_system_is_found_sound_and_everything_was_looked_at() {
        let report = decide(&sample::sound());
        assert_eq!(
            report.violations().collect::<Vec<_>>(),
            [] as [&Violation; 0]
        );
        for verdict in &report.verdicts {
            let looked: usize = verdict.looked_at.iter().map(|(count, _)| count).sum();
            assert!(looked > 0, "{} looked at nothing", verdict.invariant);
        }
        let order: Vec<_> = report.verdicts.iter().map(|row| row.invariant).collect();
        assert_eq!(order, Invariant::ALL);
    }

    #[test]
    fn every_violation_is_found_and_blamed_on_its_own_invariant() {
        for (what, invariant, spoil) in sample::SPOILED {
            let mut evidence = sample::sound();
            spoil(&mut evidence);
            assert_eq!(red(&evidence), BTreeSet::from([*invariant]), "{what}");
        }
        let covered: BTreeSet<_> = sample::SPOILED.iter().map(|row| row.1).collect();
        assert_eq!(covered, BTreeSet::from(Invariant::ALL));
    }

    #[test]
    fn what_payment_found_out_and_a_person_dealt_with_is_no_violation() {
        let books = sample::SPOILED.iter().filter(|row| row.1 == Invariant::I2);
        let mut excused = 0;
        for (what, _, spoil) in books {
            let mut evidence = sample::sound();
            spoil(&mut evidence);
            let dealt_with = ["card", "elsewhere"].map(|order| evidence::DealtWith {
                reference: order.to_owned(),
            });
            evidence.dealt_with = dealt_with.into();
            let left = red(&evidence);
            // Whoever waits for an outcome has dealt with nothing.
            assert_eq!(
                left.is_empty(),
                *what != "an outcome stays unknown",
                "{what}"
            );
            excused += usize::from(left.is_empty());
        }
        assert_eq!(excused, 4);
    }

    #[test]
    fn the_report_says_what_was_not_looked_at() {
        let text = decide(&Evidence::default()).to_string();
        for invariant in Invariant::ALL {
            let line = text
                .lines()
                .find(|line| line.starts_with(&format!("{invariant} ")));
            let line = line.expect("a line for each");
            assert!(line.contains("NOTHING"), "{line}");
        }
    }
}
