//! The book as a merchant compares it with her own: purchases with what came of them, and refunds.
//!
//! Invariant: what was declined or refused is not in it, because it moved nothing.

use std::ops::Range;

use chrono::{DateTime, Utc};
use serde::Serialize;
use service::money::Money;

use super::Book;
use crate::operation::{Deed, Id, Key, Operation, Verdict};

/// A purchase as it stands now, or a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transaction {
    /// Its place among the lines.
    #[serde(skip)]
    pub seq: u64,
    /// Its id: of a purchase, the authorisation's.
    pub id: Id,
    /// The key that it was asked for under.
    pub key: Key,
    /// The merchant's own name for the purchase.
    pub reference: String,
    /// How much was set aside, or given back.
    pub amount: Money,
    /// When it began.
    #[serde(with = "service::clock::rfc3339")]
    pub at: DateTime<Utc>,
    /// Which of both.
    #[serde(flatten)]
    pub what: What,
}

/// Which of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// A purchase.
    Authorisation {
        /// What was taken of it.
        captures: Vec<Taken>,
        /// Whether it was given up.
        voided: bool,
    },
    /// A refund.
    Refund {
        /// Of this capture.
        capture: Id,
    },
}

/// A capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// Its id.
    pub id: Id,
    /// How much was taken.
    pub amount: Money,
}

impl Book {
    /// At most `most` purchases and refunds that began in the period, oldest first, from behind line `after` on.
    #[must_use]
    pub fn transactions(
        &self,
        period: &Range<DateTime<Utc>>,
        after: u64,
        most: usize,
    ) -> Vec<Transaction> {
        let begin = self.operations.partition_point(|one| one.seq <= after);
        self.operations[begin..]
            .iter()
            .filter(|one| period.contains(&one.at))
            .filter_map(|one| self.transaction(one))
            .take(most)
            .collect()
    }

    fn transaction(&self, operation: &Operation) -> Option<Transaction> {
        let what = match (&operation.deed, operation.verdict) {
            (Deed::Authorisation { .. }, Verdict::Authorised) => What::Authorisation {
                captures: self.captures_of(operation),
                voided: self.authorisations.get(&operation.id)?.voided,
            },
            (Deed::Refund { capture }, Verdict::Refunded) => What::Refund {
                capture: capture.clone(),
            },
            _ => return None,
        };
        Some(Transaction {
            seq: operation.seq,
            id: operation.id.clone(),
            key: operation.key.clone(),
            reference: operation.reference.clone(),
            amount: operation.money(),
            at: operation.at,
            what,
        })
    }

    fn captures_of(&self, authorisation: &Operation) -> Vec<Taken> {
        self.of_reference(&authorisation.reference)
            .filter(|one| one.verdict == Verdict::Captured)
            .filter(|one| {
                matches!(&one.deed, Deed::Capture { authorisation: of } if *of == authorisation.id)
            })
            .map(|one| Taken {
                id: one.id.clone(),
                amount: one.money(),
            })
            .collect()
    }
}
