//! What was taken and given back in a period, per currency.
//!
//! Invariant: no sum mixes two currencies.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::money::{Currency, Money};

/// What one side has in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sum {
    /// How many captures.
    pub captures: i64,
    /// What they took.
    pub captured: Money,
    /// How many refunds.
    pub refunds: i64,
    /// What they gave back.
    pub refunded: Money,
}

/// What one side has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums(BTreeMap<Currency, Sum>);

impl Sums {
    /// Counts a capture.
    pub fn take(&mut self, amount: Money) {
        let sum = self.of(amount.currency);
        sum.captures += 1;
        sum.captured.amount = sum.captured.amount.saturating_add(amount.amount);
    }

    /// Counts a refund.
    pub fn give_back(&mut self, amount: Money) {
        let sum = self.of(amount.currency);
        sum.refunds += 1;
        sum.refunded.amount = sum.refunded.amount.saturating_add(amount.amount);
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: Self) {
        for (currency, more) in other.0 {
            let sum = self.of(currency);
            sum.captures += more.captures;
            sum.refunds += more.refunds;
            let add = |one: &mut Money, more: Money| {
                one.amount = one.amount.saturating_add(more.amount);
            };
            add(&mut sum.captured, more.captured);
            add(&mut sum.refunded, more.refunded);
        }
    }

    /// One for each currency.
    #[must_use]
    pub fn list(self) -> Vec<Sum> {
        self.0.into_values().collect()
    }

    fn of(&mut self, currency: Currency) -> &mut Sum {
        let nothing = Money::new(0, currency);
        self.0.entry(currency).or_insert(Sum {
            captures: 0,
            captured: nothing,
            refunds: 0,
            refunded: nothing,
        })
    }
}
