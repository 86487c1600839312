//! One order's payment: what is owed, how far it has come, and what of it was given back. No IO.
//!
//! Invariant: refunded ≤ captured ≤ amount; a payment changes only by [`Payment::take`], which raises its version by one.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use service::money::{Money, MoneyError};
use uuid::Uuid;

/// Identifies a payment; UUIDv7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, JsonSchema)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct PaymentId(pub Uuid);

/// Identifies the order that is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct OrderId(pub Uuid);

/// Identifies the store that sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct StoreId(pub Uuid);

/// Identifies a return of goods, by the order service's id of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, sqlx::Type, JsonSchema)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct ReturnId(pub Uuid);

/// The least that can be paid, in minor units.
pub const LEAST: i64 = 1;
/// The most that can be paid at once, in minor units: far above any order, far below what sums could overflow.
pub const MOST: i64 = 1_000_000_000;

/// How an order is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schemars(rename = "PaymentMethod")]
pub enum Method {
    /// By a card, through the provider.
    Card,
    /// At the counter, when the order is handed over.
    Counter,
}

/// How far a payment has come, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schemars(rename = "PaymentStatus")]
pub enum Status {
    /// The provider is being asked.
    Initiated,
    /// The provider holds the money for us.
    Authorised,
    /// The money is ours, but for what was given back.
    Captured,
    /// It will not be paid, and the provider holds nothing.
    Voided,
    /// The provider declined.
    Failed,
}

/// How far a payment has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// See [`Status::Initiated`].
    Initiated,
    /// See [`Status::Authorised`].
    Authorised,
    /// See [`Status::Captured`].
    Captured {
        /// What was taken.
        captured: Money,
        /// What of it was given back.
        refunded: Money,
    },
    /// See [`Status::Voided`].
    Voided,
    /// See [`Status::Failed`].
    Failed {
        /// The provider's code.
        code: String,
    },
}

/// Something that happens to a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The provider holds the money.
    Authorise,
    /// The provider declined, with this code.
    Decline(String),
    /// So much was taken.
    Capture(Money),
    /// It will not be paid.
    Void,
    /// So much was given back.
    Refund(Money),
}

/// A step that is not possible from where the payment stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The state has no such step.
    #[error("the step {step:?} is not possible from {from:?}")]
    Illegal {
        /// What was tried.
        step: Step,
        /// Where the payment stood.
        from: State,
    },
    /// More than there is.
    #[error("the step {0:?} is about more money than there is")]
    TooMuch(Step),
    /// Amounts that can't be computed with.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// One order's payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// What is paid for.
    pub order_id: OrderId,
    /// Who sells.
    pub store_id: StoreId,
    /// How.
    pub method: Method,
    /// What is owed, at least [`LEAST`] and at most [`MOST`].
    pub amount: Money,
    /// How far it has come.
    pub state: State,
    /// Its order is being undone: what is captured from now on is given back at once.
    pub reversed: bool,
    /// Rises by one with each step.
    pub version: i64,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When its last step was taken.
    pub updated_at: DateTime<Utc>,
}

impl Payment {
    /// A payment by card, before the provider was asked.
    #[must_use]
    pub fn initiate(
        id: PaymentId,
        order_id: OrderId,
        store_id: StoreId,
        amount: Money,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            order_id,
            store_id,
            method: Method::Card,
            amount,
            state: State::Initiated,
            reversed: false,
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }

    /// A payment that was made at the counter.
    #[must_use]
    pub fn at_the_counter(
        id: PaymentId,
        order_id: OrderId,
        store_id: StoreId,
        amount: Money,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            method: Method::Counter,
            state: State::Captured {
                captured: amount,
                refunded: Money::new(0, amount.currency),
            },
            ..Self::initiate(id, order_id, store_id, amount, at)
        }
    }

    /// Takes one step.
    pub fn take(self, step: Step, at: DateTime<Utc>) -> Result<Self, StepError> {
        let state = match (&self.state, &step) {
            (State::Initiated, Step::Authorise) => State::Authorised,
            (State::Initiated | State::Authorised, Step::Decline(code)) => {
                State::Failed { code: code.clone() }
            }
            // From `Voided` only if the provider was late: what is taken then is given back in the same breath.
            (State::Authorised | State::Voided, Step::Capture(taken)) => {
                if !(LEAST..=self.amount.amount).contains(&taken.amount)
                    || taken.currency != self.amount.currency
                {
                    return Err(StepError::TooMuch(step));
                }
                State::Captured {
                    captured: *taken,
                    refunded: Money::new(0, taken.currency),
                }
            }
            // A declined capture leaves an authorisation behind.
            (State::Initiated | State::Authorised | State::Failed { .. }, Step::Void) => {
                State::Voided
            }
            (State::Captured { captured, refunded }, Step::Refund(given)) => {
                let refunded = refunded.checked_add(*given)?;
                if given.amount < LEAST || refunded.amount > captured.amount {
                    return Err(StepError::TooMuch(step));
                }
                State::Captured {
                    captured: *captured,
                    refunded,
                }
            }
            (from, _) => {
                return Err(StepError::Illegal {
                    from: from.clone(),
                    step,
                });
            }
        };
        Ok(Self {
            reversed: self.reversed || state == State::Voided,
            state,
            version: self.version + 1,
            updated_at: at,
            ..self
        })
    }

    /// How far it has come, in one word.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.state {
            State::Initiated => Status::Initiated,
            State::Authorised => Status::Authorised,
            State::Captured { .. } => Status::Captured,
            State::Voided => Status::Voided,
            State::Failed { .. } => Status::Failed,
        }
    }

    /// What was taken in all.
    #[must_use]
    pub fn captured(&self) -> Money {
        match self.state {
            State::Captured { captured, .. } => captured,
            _ => Money::new(0, self.amount.currency),
        }
    }

    /// What was given back in all.
    #[must_use]
    pub fn refunded(&self) -> Money {
        match self.state {
            State::Captured { refunded, .. } => refunded,
            _ => Money::new(0, self.amount.currency),
        }
    }

    /// What is ours: captured and not given back, in minor units.
    #[must_use]
    pub fn net(&self) -> i64 {
        self.captured().amount - self.refunded().amount
    }

    /// The provider's code of a decline.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match &self.state {
            State::Failed { code } => Some(code),
            _ => None,
        }
    }
}

/// As callers see it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Payment")]
struct Shown<'a> {
    payment_id: PaymentId,
    order_id: OrderId,
    store_id: StoreId,
    method: Method,
    status: Status,
    amount: Money,
    captured: Money,
    refunded: Money,
    reason: Option<&'a str>,
    version: i64,
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    created_at: DateTime<Utc>,
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    updated_at: DateTime<Utc>,
}

impl Serialize for Payment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Shown {
            payment_id: self.id,
            order_id: self.order_id,
            store_id: self.store_id,
            method: self.method,
            status: self.status(),
            amount: self.amount,
            captured: self.captured(),
            refunded: self.refunded(),
            reason: self.reason(),
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
        .serialize(serializer)
    }
}

impl JsonSchema for Payment {
    fn schema_name() -> Cow<'static, str> {
        Shown::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Shown::json_schema(generator)
    }
}

#[cfg(test)]
mod tests;
