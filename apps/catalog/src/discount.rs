//! Discount codes: what is taken off an order, and the share of it that each line bears.
//!
//! Invariant: never more is taken off than there is to pay, and the shares are the discount to the last cent.

use chrono::{DateTime, SubsecRound as _, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use service::money::{Currency, Money};
use uuid::Uuid;

use crate::error::FieldFault;
use crate::fields::MOST;
use crate::menu::StoreId;

/// How long a code is. Four is short for a secret, but a code is none: it hangs in the window.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=24;
/// All of it, in basis points.
const WHOLE: i32 = 10_000;

/// Identifies a discount.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, sqlx::Type,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct DiscountId(pub Uuid);

/// What people type: 4 to 24 letters, digits and dashes. Small letters are as good as capitals, which are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[A-Za-z0-9-]{4,24}$"))]
pub struct Code(String);

impl Code {
    /// The text, in capitals.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Code {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let usable = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if LENGTHS.contains(&text.len()) && text.bytes().all(usable) {
            Ok(Self(text.to_ascii_uppercase()))
        } else {
            Err("must be 4 to 24 letters, digits and dashes")
        }
    }
}

/// A part of an order's price in basis points: 1000 is a tenth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "i32")]
#[schemars(extend("minimum" = 1, "maximum" = WHOLE))]
pub struct Percent(i32);

impl Percent {
    /// In basis points.
    #[must_use]
    pub fn basis_points(self) -> i32 {
        self.0
    }
}

impl TryFrom<i32> for Percent {
    type Error = &'static str;

    fn try_from(basis_points: i32) -> Result<Self, Self::Error> {
        if (1..=WHOLE).contains(&basis_points) {
            Ok(Self(basis_points))
        } else {
            Err("must be 1 to 10000 basis points")
        }
    }
}

/// What a discount is to be.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The code, once in all stores.
    pub code: Code,
    /// Where it is good; in every store if unsaid.
    #[serde(default)]
    pub store_id: Option<StoreId>,
    /// This part of the order; either it or an amount.
    #[serde(default)]
    pub percent_bp: Option<Percent>,
    /// So much, but no more than the order costs.
    #[serde(default)]
    pub amount: Option<Money>,
    /// The order must cost as much before it.
    #[serde(default)]
    pub minimum: Option<Money>,
    /// From when on, to the millisecond.
    pub starts_at: DateTime<Utc>,
    /// Until when; without end if unsaid.
    #[serde(default)]
    pub ends_at: Option<DateTime<Utc>>,
    /// Whether it is given at all.
    pub active: bool,
}

/// A discount as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Discount")]
pub struct Discount {
    /// Its id.
    pub id: DiscountId,
    /// The code, in capitals.
    pub code: String,
    /// Where it is good; null in every store.
    pub store_id: Option<StoreId>,
    /// This part of the order; null if it is an amount.
    pub percent_bp: Option<i32>,
    /// So much; null if it is a part.
    pub amount: Option<Money>,
    /// The order must cost as much before it.
    pub minimum: Option<Money>,
    /// From when on.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub starts_at: DateTime<Utc>,
    /// Until when; null without end.
    #[serde(serialize_with = "instant_or_null")]
    #[schemars(with = "Option<DateTime<Utc>>")]
    pub ends_at: Option<DateTime<Utc>>,
    /// Whether it is given at all.
    pub active: bool,
    /// Grows with every edit.
    pub version: i64,
}

/// Why a code takes nothing off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotGiven {
    /// There is none of this code that is given here and now. Which of it, is not told: guessing learns nothing.
    #[error("the code is not good here and now")]
    Code,
    /// The order costs less than it must.
    #[error("the order costs less than the code asks for")]
    Below(Money),
}

impl Edit {
    /// The edit to the milliseconds that the database keeps.
    #[must_use]
    pub fn rounded(self) -> Self {
        Self {
            starts_at: self.starts_at.trunc_subsecs(3),
            ends_at: self.ends_at.map(|end| end.trunc_subsecs(3)),
            ..self
        }
    }

    /// The currency of its amounts, if it has any.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.amount.or(self.minimum).map(|money| money.currency)
    }

    /// What is wrong between its fields; `local` is the currency of the store that it is for.
    #[must_use]
    pub fn faults(&self, local: Option<Currency>) -> Vec<FieldFault> {
        let mut faults = Vec::new();
        if self.percent_bp.is_some() == self.amount.is_some() {
            faults.push(FieldFault::at(
                "/percent_bp",
                "either this or an amount is taken off",
            ));
        }
        let wanted = local.or(self.currency());
        for (pointer, money, least) in [("/amount", self.amount, 1), ("/minimum", self.minimum, 0)]
        {
            let Some(money) = money else { continue };
            if Some(money.currency) != wanted {
                let detail = "must be of the store's currency, and all of one";
                faults.push(FieldFault::at(format!("{pointer}/currency"), detail));
            }
            if !(least..=MOST).contains(&money.amount) {
                let detail = format!("must be {least} to {MOST}");
                faults.push(FieldFault::at(format!("{pointer}/amount"), detail));
            }
        }
        if self.ends_at.is_some_and(|end| end <= self.starts_at) {
            faults.push(FieldFault::at("/ends_at", "must be after the start"));
        }
        faults
    }
}

impl Discount {
    /// What it takes off an order that costs `total` in this store now.
    pub fn off(
        &self,
        (store, currency): (StoreId, Currency),
        total: i64,
        now: DateTime<Utc>,
    ) -> Result<i64, NotGiven> {
        let here = self.store_id.is_none_or(|only| only == store);
        let in_time = self.starts_at <= now && self.ends_at.is_none_or(|end| now < end);
        let moneys = [self.amount, self.minimum];
        let payable = moneys.iter().flatten().all(|it| it.currency == currency);
        if !(self.active && here && in_time && payable) {
            return Err(NotGiven::Code);
        }
        if let Some(minimum) = self.minimum.filter(|minimum| total < minimum.amount) {
            return Err(NotGiven::Below(minimum));
        }
        let off = match (self.percent_bp, self.amount) {
            (Some(part), _) => part_of(total, part),
            (None, amount) => amount.map_or(0, |amount| amount.amount),
        };
        Ok(off.clamp(0, total.max(0)))
    }
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn instant_or_null<S: Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => service::clock::rfc3339::serialize(at, serializer),
        None => serializer.serialize_none(),
    }
}

/// So many basis points of an amount, rounded half away from zero.
fn part_of(total: i64, basis_points: i32) -> i64 {
    let whole = i128::from(WHOLE);
    let numerator = i128::from(total) * i128::from(basis_points);
    let rounded = (2 * numerator.abs() + whole) / (2 * whole) * numerator.signum();
    // A part of it is no longer than it is.
    i64::try_from(rounded).unwrap_or(total)
}

/// Spreads `amount` over parts by their sizes, by largest remainder; of equal remainders the first has it. `None` if it
/// is negative or more than all of them, or one is negative.
#[must_use]
pub fn spread(amount: i64, sizes: &[i64]) -> Option<Vec<i64>> {
    let whole: i128 = sizes.iter().copied().map(i128::from).sum();
    if sizes.iter().any(|size| *size < 0) || !(0..=whole).contains(&i128::from(amount)) {
        return None;
    }
    if whole == 0 {
        return Some(vec![0; sizes.len()]);
    }
    let exact = |size: &i64| i128::from(amount) * i128::from(*size);
    let mut shares = sizes
        .iter()
        .map(|size| i64::try_from(exact(size) / whole).ok())
        .collect::<Option<Vec<_>>>()?;
    let mut by_remainder: Vec<_> = (0..sizes.len()).collect();
    by_remainder.sort_by_key(|index| std::cmp::Reverse(exact(&sizes[*index]) % whole));
    let left = amount - shares.iter().sum::<i64>();
    // Fewer are left than there are remainders, so nobody gets more than the next whole number, which is within its size.
    for index in by_remainder.into_iter().take(usize::try_from(left).ok()?) {
        shares[index] += 1;
    }
    Some(shares)
}

#[cfg(test)]
mod tests;
