//! What a merchant asks for, and what became of it: the words of the ledger and of the interface.
//!
//! Invariant: an operation that was written never changes; its answer follows from it alone.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::clock::rfc3339;
use service::money::{Currency, Money};

/// An id of ours: two letters for the kind, then 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub String);

/// An idempotency key that the merchant chose.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(pub String);

/// What a merchant asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Set money aside.
    Authorise {
        /// The merchant's own name for the purchase.
        reference: String,
        /// How much.
        amount: Money,
        /// Stands for a card.
        token: String,
    },
    /// Take what was set aside, or a part of it.
    Capture {
        /// What is taken from.
        authorisation: Id,
        /// How much.
        amount: Money,
    },
    /// Give up what was set aside.
    Void {
        /// What is given up.
        authorisation: Id,
    },
    /// Give back what was taken, or a part of it.
    Refund {
        /// What is given back from.
        capture: Id,
        /// How much.
        amount: Money,
    },
}

/// What was done, or was to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Deed {
    /// Money was set aside.
    Authorisation {
        /// Stood for a card.
        token: String,
    },
    /// It was taken.
    Capture {
        /// From here.
        authorisation: Id,
    },
    /// It was given up.
    Void {
        /// This.
        authorisation: Id,
    },
    /// It was given back.
    Refund {
        /// From here.
        capture: Id,
    },
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Verdict {
    /// The money is set aside.
    Authorised,
    /// The money is the merchant's.
    Captured,
    /// The money is the customer's again.
    Voided,
    /// The money was given back.
    Refunded,
    /// The card's bank did not want to.
    Declined {
        /// Why.
        decline_code: Decline,
    },
    /// The merchant asked for what can't be.
    Refused {
        /// Why.
        error: Refusal,
    },
}

/// Why a bank declines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the card networks' own words")]
pub enum Decline {
    InsufficientFunds,
    DoNotHonour,
    ExpiredCard,
}

/// Why a request can't be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// More than is left of the authorisation.
    OverCapture,
    /// More than is left of the capture.
    OverRefund,
    /// The authorisation was captured, at least in part.
    AlreadyCaptured,
    /// The authorisation was given up.
    AlreadyVoided,
    /// Not the authorisation's currency.
    WrongCurrency,
}

/// One operation, carried out or turned down: a line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// When.
    #[serde(with = "rfc3339")]
    pub at: DateTime<Utc>,
    /// Its place among all lines, from 1.
    pub seq: u64,
    /// The key it was asked for under.
    pub key: Key,
    /// Its name.
    pub id: Id,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
    /// The merchant's own name for the purchase.
    pub reference: String,
    /// How much, in minor units.
    pub amount: i64,
    /// Of what.
    pub currency: Currency,
    /// How it ended.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The webhook that tells of it, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Id>,
}

impl Deed {
    /// What its ids begin with.
    #[must_use]
    pub fn prefix(&self) -> &'static str {
        match self {
            Self::Authorisation { .. } => "au",
            Self::Capture { .. } => "ca",
            Self::Void { .. } => "vo",
            Self::Refund { .. } => "re",
        }
    }

    fn noun(&self) -> &'static str {
        match self {
            Self::Authorisation { .. } => "authorisation",
            Self::Capture { .. } => "capture",
            Self::Void { .. } => "void",
            Self::Refund { .. } => "refund",
        }
    }
}

impl Operation {
    /// How much.
    #[must_use]
    pub fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }

    /// Whether this is what became of `command`, and not of another one.
    #[must_use]
    pub fn answers(&self, command: &Command) -> bool {
        match (&self.deed, command) {
            (
                Deed::Authorisation { token },
                Command::Authorise {
                    reference,
                    amount,
                    token: wanted,
                },
            ) => token == wanted && self.reference == *reference && self.money() == *amount,
            (
                Deed::Capture { authorisation },
                Command::Capture {
                    authorisation: wanted,
                    amount,
                },
            ) => authorisation == wanted && self.money() == *amount,
            (
                Deed::Void { authorisation },
                Command::Void {
                    authorisation: wanted,
                },
            ) => authorisation == wanted,
            (
                Deed::Refund { capture },
                Command::Refund {
                    capture: wanted,
                    amount,
                },
            ) => capture == wanted && self.money() == *amount,
            _ => false,
        }
    }

    /// The status of its answer.
    #[must_use]
    pub fn status_code(&self) -> StatusCode {
        match self.verdict {
            Verdict::Declined { .. } => StatusCode::PAYMENT_REQUIRED,
            Verdict::Refused { .. } => StatusCode::CONFLICT,
            _ => StatusCode::CREATED,
        }
    }

    /// The body of its answer.
    #[must_use]
    pub fn response(&self) -> Value {
        if let Verdict::Refused { error } = self.verdict {
            return json!({ "error": error });
        }
        let mut body = json!({
            "id": self.id,
            "kind": self.deed.noun(),
            "reference": self.reference,
            "amount": self.money(),
        });
        // The verdict's own words: the status, and of a decline the code.
        if let (Some(body), Value::Object(verdict)) = (body.as_object_mut(), json!(self.verdict)) {
            body.extend(verdict);
            match &self.deed {
                Deed::Capture { authorisation } | Deed::Void { authorisation } => {
                    body.insert("authorisation".to_owned(), json!(authorisation));
                }
                Deed::Refund { capture } => {
                    body.insert("capture".to_owned(), json!(capture));
                }
                Deed::Authorisation { .. } => {}
            }
        }
        body
    }

    /// The type of the webhook that tells of it, if one does: of successes, and of authorisations that were declined.
    #[must_use]
    pub fn event_type(&self) -> Option<String> {
        let end = match (&self.deed, self.verdict) {
            (Deed::Authorisation { .. }, Verdict::Declined { .. }) => "declined",
            (_, Verdict::Declined { .. } | Verdict::Refused { .. }) => return None,
            _ => "succeeded",
        };
        Some(format!("{}.{end}", self.deed.noun()))
    }
}
