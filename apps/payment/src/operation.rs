//! What was asked of the provider for a payment, once per operation. No IO.
//!
//! Invariant: an operation has one key at the provider for all its tries, derived from the order and what is done; so
//! however often it is asked for, it happens at most once.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use service::money::Money;
use uuid::Uuid;

use crate::payment::{OrderId, PaymentId};

/// Identifies an operation; UUIDv7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, JsonSchema)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct OperationId(pub Uuid);

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schemars(rename = "OperationKind")]
pub enum Kind {
    /// The money is put aside for us.
    Authorise,
    /// What was put aside becomes ours.
    Capture,
    /// What was put aside is set free.
    Void,
    /// What was ours is given back.
    Refund,
}

/// What a refund is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A manager gave this amount back; no line of the order explains it.
    Amount,
    /// A return of the order service's.
    Return,
    /// The order was undone.
    Undone,
}

/// The kill points around one kind's call.
#[derive(Clone, Copy, Debug)]
pub struct Points {
    /// The intent is committed, the provider not called.
    pub before_call: &'static str,
    /// The outcome is about to be committed.
    pub before_commit: &'static str,
    /// The outcome is committed.
    pub after_commit: &'static str,
}

impl Kind {
    /// The word in keys, paths and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorise => "authorise",
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Refund => "refund",
        }
    }

    /// Its kill points.
    #[must_use]
    pub const fn points(self) -> Points {
        match self {
            Self::Authorise => Points {
                before_call: "payment.authorise.before_call",
                before_commit: "payment.authorise.before_commit",
                after_commit: "payment.authorise.after_commit",
            },
            Self::Capture => Points {
                before_call: "payment.capture.before_call",
                before_commit: "payment.capture.before_commit",
                after_commit: "payment.capture.after_commit",
            },
            Self::Void => Points {
                before_call: "payment.void.before_call",
                before_commit: "payment.void.before_commit",
                after_commit: "payment.void.after_commit",
            },
            Self::Refund => Points {
                before_call: "payment.refund.before_call",
                before_commit: "payment.refund.before_commit",
                after_commit: "payment.refund.after_commit",
            },
        }
    }
}

/// How far an operation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Progress {
    /// Begun; the outcome is not known yet.
    Open,
    /// Not wanted any more, and not known to have happened. If it did, it is undone.
    Abandoned,
    /// The provider did it.
    Succeeded,
    /// The provider refused, for good.
    Refused,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its id; also that of its transaction in the ledger.
    pub id: OperationId,
    /// For which payment.
    pub payment_id: PaymentId,
    /// For which order: the provider's reference.
    pub order_id: OrderId,
    /// What.
    pub kind: Kind,
    /// The how manieth of its kind.
    pub number: i32,
    /// Its key at the provider; nothing if no provider is involved.
    pub provider_key: Option<String>,
    /// How much.
    pub amount: Money,
    /// How far.
    pub progress: Progress,
    /// The provider's id of what succeeded.
    pub provider_id: Option<String>,
    /// The provider's code of a refusal.
    pub code: Option<String>,
    /// Who wanted it: a token's subject, or this service.
    pub actor: String,
    /// What staff said of a refund.
    pub reason: Option<String>,
    /// How often the provider was called, or is about to be.
    pub tries: i32,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When its outcome became known.
    pub settled_at: Option<DateTime<Utc>>,
}

/// Who wants what this service does by itself.
pub const OURSELVES: &str = "payment";

/// An operation before it is stored.
#[derive(Clone, Debug)]
pub struct Intent<'a> {
    /// Its id.
    pub id: OperationId,
    /// For which payment.
    pub payment_id: PaymentId,
    /// For which order.
    pub order_id: OrderId,
    /// What.
    pub kind: Kind,
    /// The how manieth of its kind.
    pub number: i32,
    /// How much.
    pub amount: Money,
    /// Who wants it.
    pub actor: &'a str,
    /// What staff said of it.
    pub reason: Option<&'a str>,
}

impl Intent<'_> {
    /// The key that makes all tries one operation at the provider.
    #[must_use]
    pub fn provider_key(&self) -> String {
        let (order, kind) = (self.order_id.0, self.kind.name());
        match (self.kind, self.number) {
            (Kind::Authorise | Kind::Capture | Kind::Void, 1) => format!("{order}:{kind}"),
            (_, number) => format!("{order}:{kind}:{number}"),
        }
    }
}

/// What the provider decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did it.
    Succeeded {
        /// Its id of it.
        provider_id: String,
    },
    /// It never will.
    Refused {
        /// Its code.
        code: String,
    },
}

impl Operation {
    /// Whether its outcome is still open and wanted.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.progress == Progress::Open
    }

    /// Whether the provider did it.
    #[must_use]
    pub fn has_succeeded(&self) -> bool {
        self.progress == Progress::Succeeded
    }
}

/// A payment's operations, oldest first.
#[derive(Clone, Debug)]
pub struct Operations(pub Vec<Operation>);

impl Operations {
    /// The last of a kind, by its number: two of one millisecond may be listed either way.
    #[must_use]
    pub fn last(&self, kind: Kind) -> Option<&Operation> {
        self.0
            .iter()
            .filter(|one| one.kind == kind)
            .max_by_key(|one| one.number)
    }

    /// The number of the next one of a kind.
    #[must_use]
    pub fn next_number(&self, kind: Kind) -> i32 {
        self.last(kind).map_or(1, |last| last.number + 1)
    }

    /// Whether the provider holds money that was never set free: authorised, and not voided.
    #[must_use]
    pub fn hold_money(&self) -> bool {
        let authorised = self
            .last(Kind::Authorise)
            .is_some_and(Operation::has_succeeded);
        let voided = self.last(Kind::Void).is_some_and(Operation::has_succeeded);
        authorised && !voided
    }

    /// What the refunds have given back or may still give back, in minor units.
    #[must_use]
    pub fn promised_back(&self) -> i64 {
        self.0
            .iter()
            .filter(|one| one.kind == Kind::Refund && one.progress != Progress::Refused)
            .map(|one| one.amount.amount)
            .sum()
    }
}
