//! Double entry: what every movement of money puts into one account and takes out of another. No IO.
//!
//! Invariant: the entries of one transaction sum to zero; there is no other way to make entries than [`Transfer`].

use schemars::JsonSchema;
use serde::Serialize;
use service::money::Money;

use crate::payment::Method;

/// Where money is, or where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schemars(rename = "LedgerAccount")]
pub enum Account {
    /// What the provider owes us.
    ProviderReceivable,
    /// What lies in the tills.
    Cash,
    /// What was sold: negative, as income is.
    Sales,
}

/// A movement from one account to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    into: Account,
    out_of: Account,
    amount: Money,
}

impl Transfer {
    /// The customer has paid.
    #[must_use]
    pub fn sale(method: Method, amount: Money) -> Self {
        Self {
            into: holder(method),
            out_of: Account::Sales,
            amount,
        }
    }

    /// The customer has got money back.
    #[must_use]
    pub fn refund(method: Method, amount: Money) -> Self {
        Self {
            into: Account::Sales,
            out_of: holder(method),
            amount,
        }
    }

    /// The two entries.
    #[must_use]
    pub fn entries(self) -> [(Account, i64); 2] {
        [
            (self.into, self.amount.amount),
            (self.out_of, -self.amount.amount),
        ]
    }

    /// In which currency.
    #[must_use]
    pub fn amount(self) -> Money {
        self.amount
    }
}

fn holder(method: Method) -> Account {
    match method {
        Method::Card => Account::ProviderReceivable,
        Method::Counter => Account::Cash,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_transfer_sums_to_zero_and_a_refund_undoes_a_sale(amount in 1..=crate::payment::MOST, cash: bool) {
            let method = if cash { Method::Counter } else { Method::Card };
            let amount = Money::new(amount, "EUR".parse().expect("a currency"));
            let (sale, refund) = (Transfer::sale(method, amount), Transfer::refund(method, amount));
            for transfer in [sale, refund] {
                prop_assert_eq!(transfer.entries().iter().map(|(_, amount)| amount).sum::<i64>(), 0);
            }
            for (account, amount) in sale.entries() {
                prop_assert!(refund.entries().contains(&(account, -amount)));
            }
        }
    }
}
