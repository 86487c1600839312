//! An amount of money as it travels: integer minor units and a currency, never a float.

use serde::{Deserialize, Serialize};

/// Money in the smallest unit of its currency: `{"amount": 350, "currency": "EUR"}` is 3.50 €.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Minor units; negative for a refund.
    pub amount: i64,
    /// ISO 4217 code, upper case.
    pub currency: String,
}

impl Money {
    /// Sum of two amounts; `None` when the currencies differ or the result does not fit.
    #[must_use]
    pub fn checked_add(&self, other: &Money) -> Option<Money> {
        if self.currency != other.currency {
            return None;
        }
        let amount = self.amount.checked_add(other.amount)?;
        Some(Money {
            amount,
            currency: self.currency.clone(),
        })
    }

    /// The amount times a quantity; `None` when the result does not fit.
    #[must_use]
    pub fn checked_mul(&self, quantity: u32) -> Option<Money> {
        let amount = self.amount.checked_mul(i64::from(quantity))?;
        Some(Money {
            amount,
            currency: self.currency.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Money;

    fn euro(amount: i64) -> Money {
        Money {
            amount,
            currency: "EUR".into(),
        }
    }

    #[test]
    fn adds_and_multiplies_within_one_currency() {
        assert_eq!(euro(350).checked_add(&euro(60)), Some(euro(410)));
        assert_eq!(euro(350).checked_mul(3), Some(euro(1050)));
    }

    #[test]
    fn refuses_mixed_currencies_and_overflow() {
        let zloty = Money {
            amount: 1,
            currency: "PLN".into(),
        };
        assert_eq!(euro(1).checked_add(&zloty), None);
        assert_eq!(euro(i64::MAX).checked_add(&euro(1)), None);
        assert_eq!(euro(i64::MAX).checked_mul(2), None);
    }
}
