//! Reconciliation: our books of a period held against the provider's, purchase by purchase. No IO.
//!
//! Invariant: nothing here mends anything; what differs is told to a person, with what she can do about it.

mod compare;
mod difference;
pub mod run;
pub mod schedule;
mod sums;

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use service::money::Money;
use uuid::Uuid;

pub use self::compare::{Compared, compare};
pub use self::difference::{Difference, Figure, Found, Stand};
pub use self::sums::{Sum, Sums};
use crate::operation::{Kind, OperationId, Progress};

/// How much later than its end a period is looked at, if nobody says otherwise: clocks differ, and lists lag.
pub const MARGIN: TimeDelta = TimeDelta::minutes(5);
/// The longest period.
pub const LONGEST: TimeDelta = TimeDelta::days(31);
/// For how long an operation without an outcome excuses what the provider has of it: the resolver asks for about a day.
pub const UNDECIDED: TimeDelta = TimeDelta::days(2);

/// Identifies a reconciliation; UUIDv7.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, sqlx::Type, JsonSchema,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct ReconciliationId(pub Uuid);

/// Identifies a divergence; UUIDv7.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, sqlx::Type, JsonSchema,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct DivergenceId(pub Uuid);

/// What is compared, and since when it is looked at.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The beginning belongs to it, the end does not.
    pub period: Range<DateTime<Utc>>,
    /// When the provider was first asked: what we recorded since then it may have done after it was listed.
    pub began_at: DateTime<Utc>,
}

/// An operation of ours, with what the ledger says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ours {
    /// Its id.
    pub id: OperationId,
    /// What.
    pub kind: Kind,
    /// Its key at the provider.
    pub key: String,
    /// How much.
    pub amount: Money,
    /// How far.
    pub progress: Progress,
    /// The provider's id of what succeeded.
    pub provider_id: Option<String>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When its outcome became known.
    pub settled_at: Option<DateTime<Utc>>,
    /// What the ledger says that it put into what the provider owes us, in minor units of its currency.
    pub booked: Option<i64>,
}

impl Ours {
    /// Whether it may still come to what the provider has, or the provider may have done it after it was listed.
    fn is_moving(&self, scope: &Scope) -> bool {
        match self.progress {
            Progress::Open | Progress::Abandoned => scope.began_at - self.started_at < UNDECIDED,
            Progress::Succeeded | Progress::Refused => self.settled_at >= Some(scope.began_at),
        }
    }

    fn has_succeeded(&self) -> bool {
        self.progress == Progress::Succeeded
    }
}

/// Something that was taken, at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The provider's id of it.
    pub id: String,
    /// How much, in minor units of the purchase's currency.
    pub amount: i64,
}

/// A purchase at the provider, as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// The provider's id of it.
    pub id: String,
    /// The key that it was asked for under.
    pub key: Option<String>,
    /// Our own name for it: the order's id.
    pub reference: String,
    /// What was set aside.
    pub amount: Money,
    /// What was taken of it.
    pub captures: Vec<Capture>,
    /// Whether it was given up.
    pub voided: bool,
    /// When it began.
    pub at: DateTime<Utc>,
}

/// A refund at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The provider's id of it.
    pub id: String,
    /// The key that it was asked for under.
    pub key: Option<String>,
    /// Our own name for the purchase.
    pub reference: String,
    /// Of which capture.
    pub capture: String,
    /// How much.
    pub amount: Money,
    /// When.
    pub at: DateTime<Utc>,
}

/// What the provider lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A purchase.
    Sale(Sale),
    /// A refund.
    Refund(Refund),
}

impl Entry {
    /// Our own name for the purchase.
    #[must_use]
    pub fn reference(&self) -> &str {
        match self {
            Self::Sale(sale) => &sale.reference,
            Self::Refund(refund) => &refund.reference,
        }
    }
}

/// All that both sides have of one order.
#[derive(Clone, Debug, Default)]
pub struct Purchase {
    /// The order's id, as the provider was told.
    pub reference: String,
    /// Our operations at the provider.
    pub ours: Vec<Ours>,
    /// What was bought, at the provider.
    pub sales: Vec<Sale>,
    /// What was given back, at the provider.
    pub refunds: Vec<Refund>,
}
