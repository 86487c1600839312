//! Money: whole minor units of one currency, never a float.
//!
//! Sums of different currencies and overflows are errors, not surprises.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An ISO 4217 alphabetic code: three capital letters.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[A-Z]{3}$"))]
pub struct Currency([u8; 3]);

/// An amount that can't be computed, or a currency that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not three capital letters.
    #[error("a currency is three capital letters (ISO 4217)")]
    Currency,
    /// Two amounts of different currencies were to be added.
    #[error("amounts of different currencies can't be added")]
    Mixed,
    /// The result does not fit into 64 bits.
    #[error("the amount is too large")]
    Overflow,
}

impl Currency {
    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        let code: [u8; 3] = code
            .as_bytes()
            .try_into()
            .map_err(|_| MoneyError::Currency)?;
        if code.iter().all(u8::is_ascii_uppercase) {
            Ok(Self(code))
        } else {
            Err(MoneyError::Currency)
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(code: String) -> Result<Self, MoneyError> {
        code.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount in minor units (cents) of its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Money {
    /// Minor units; negative for money given back.
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// `amount` minor units of `currency`.
    #[must_use]
    pub fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// The sum of two amounts of one currency.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed);
        }
        let amount = self
            .amount
            .checked_add(other.amount)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { amount, ..self })
    }

    /// `times` this amount.
    pub fn checked_mul(self, times: i64) -> Result<Self, MoneyError> {
        let amount = self.amount.checked_mul(times).ok_or(MoneyError::Overflow)?;
        Ok(Self { amount, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn adding_is_commutative_and_never_panics(a: i64, b: i64) {
            let eur: Currency = "EUR".parse().expect("a currency");
            let (a, b) = (Money::new(a, eur), Money::new(b, eur));
            prop_assert_eq!(a.checked_add(b), b.checked_add(a));
        }

        #[test]
        fn only_three_capitals_are_a_currency(code in "\\PC{0,5}") {
            let valid = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
            prop_assert_eq!(code.parse::<Currency>().is_ok(), valid);
        }
    }

    #[test]
    fn currencies_do_not_mix() {
        let eur = Money::new(1, "EUR".parse().expect("a currency"));
        let usd = Money::new(1, "USD".parse().expect("a currency"));
        assert_eq!(eur.checked_add(usd), Err(MoneyError::Mixed));
    }
}
