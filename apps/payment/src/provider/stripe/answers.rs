//! What Stripe's answers mean for an operation. No IO.
//!
//! Invariant: an object counts only if it is the operation's own: by the order and the key that are attached to it, or
//! by the id of what was to be captured or cancelled; and by its amount.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::super::{Subject, refused};
use super::currency;
use crate::operation::{Kind, Operation, Outcome};

/// The longest id.
const LONGEST_ID: usize = 255;

/// Where an operation stands at Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is decided.
    Decided(Outcome),
    /// Nothing came of it so far.
    Nothing,
    /// This does not say.
    Unknown,
}

/// What we attach.
#[derive(Debug, Default, Deserialize)]
struct Metadata {
    order: Option<String>,
    operation: Option<String>,
}

impl Metadata {
    fn is_of(&self, operation: &Operation) -> bool {
        self.is_of_order(operation)
            && self.operation.is_some()
            && self.operation == operation.provider_key
    }

    fn is_of_order(&self, operation: &Operation) -> bool {
        self.order.as_deref() == Some(operation.order_id.0.to_string().as_str())
    }
}

/// A payment intent: of it, the fields that are used here.
#[derive(Debug, Deserialize)]
pub struct PaymentIntent {
    object: String,
    id: String,
    status: String,
    amount: Option<i64>,
    amount_received: Option<i64>,
    currency: Option<String>,
    #[serde(default)]
    metadata: Metadata,
    last_payment_error: Option<Fault>,
}

/// A refund: of it, the fields that are used here.
#[derive(Debug, Deserialize)]
pub struct Refund {
    object: String,
    id: String,
    status: Option<String>,
    amount: i64,
    currency: String,
    payment_intent: Option<String>,
    #[serde(default)]
    metadata: Metadata,
    failure_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Refused {
    error: Fault,
}

/// What went wrong, or why a bank declined.
#[derive(Debug, Deserialize)]
struct Fault {
    #[serde(rename = "type")]
    kind: String,
    code: Option<String>,
    decline_code: Option<String>,
    payment_intent: Option<Box<PaymentIntent>>,
}

impl Fault {
    fn code(&self) -> &str {
        let code = self.decline_code.as_deref().or(self.code.as_deref());
        code.unwrap_or(&self.kind)
    }
}

impl PaymentIntent {
    /// Where the operation stands by this: the intent that is its own, or the one of this id that it is about.
    pub fn standing(&self, operation: &Operation, of: Option<&str>) -> Standing {
        if !self.is_about(operation, of) {
            return Standing::Unknown;
        }
        let succeeded = || {
            Standing::Decided(Outcome::Succeeded {
                provider_id: self.id.clone(),
            })
        };
        let amount = Some(operation.amount.amount);
        match (operation.kind, self.status.as_str()) {
            (Kind::Authorise, "requires_capture" | "succeeded") | (Kind::Void, "canceled") => {
                succeeded()
            }
            (Kind::Capture, "succeeded") if self.amount_received == amount => succeeded(),
            (Kind::Authorise | Kind::Capture, "canceled") | (Kind::Void, "succeeded") => {
                Standing::Decided(refused(&self.status))
            }
            (Kind::Authorise, "requires_payment_method") => match &self.last_payment_error {
                Some(fault) if fault.kind == "card_error" => {
                    Standing::Decided(refused(fault.code()))
                }
                _ => Standing::Nothing,
            },
            (Kind::Authorise, "requires_confirmation" | "requires_action")
            | (Kind::Capture | Kind::Void, "requires_capture") => Standing::Nothing,
            _ => Standing::Unknown,
        }
    }

    fn is_about(&self, operation: &Operation, of: Option<&str>) -> bool {
        let is_it = match of {
            Some(id) => self.id == id && self.metadata.is_of_order(operation),
            None => self.metadata.is_of(operation),
        };
        is_it
            && is_id(&self.id)
            && self.object == "payment_intent"
            && self.amount == Some(operation.amount.amount)
            && self.currency.as_deref() == Some(&currency(operation))
    }
}

impl Refund {
    /// Where the operation stands by this refund of that payment intent.
    pub fn standing(&self, operation: &Operation, of: &str) -> Standing {
        let is_ours = self.object == "refund"
            && is_id(&self.id)
            && self.metadata.is_of(operation)
            && self.payment_intent.as_deref() == Some(of)
            && self.amount == operation.amount.amount
            && self.currency == currency(operation);
        match self.status.as_deref() {
            Some("succeeded") if is_ours => Standing::Decided(Outcome::Succeeded {
                provider_id: self.id.clone(),
            }),
            Some(status @ ("failed" | "canceled")) if is_ours => {
                let reason = self.failure_reason.as_deref();
                Standing::Decided(refused(reason.unwrap_or(status)))
            }
            // One that is pending may still fail.
            _ => Standing::Unknown,
        }
    }
}

/// What this answer decides, if anything.
pub fn read(
    operation: &Operation,
    subject: &Subject,
    status: StatusCode,
    body: Value,
) -> Option<Outcome> {
    let of = match subject {
        Subject::Card(_) => None,
        Subject::Earlier(id) => Some(id.as_str()),
    };
    let standing = match status {
        StatusCode::OK if operation.kind == Kind::Refund => {
            let refund: Refund = serde_json::from_value(body).ok()?;
            refund.standing(operation, of?)
        }
        StatusCode::OK => {
            let intent: PaymentIntent = serde_json::from_value(body).ok()?;
            intent.standing(operation, of)
        }
        StatusCode::BAD_REQUEST | StatusCode::PAYMENT_REQUIRED | StatusCode::NOT_FOUND => {
            let Refused { error } = serde_json::from_value(body).ok()?;
            error.standing(operation, of, status)
        }
        // 401 and 403 are our own mistakes, 409 and 429 another call's doing, 5xx Stripe's.
        _ => return None,
    };
    match standing {
        Standing::Decided(outcome) => Some(outcome),
        Standing::Nothing | Standing::Unknown => None,
    }
}

impl Fault {
    fn standing(&self, operation: &Operation, of: Option<&str>, status: StatusCode) -> Standing {
        let intent = self.payment_intent.as_deref();
        // A refund's amount is not that of its intent.
        if let Some(intent) = intent.filter(|_| operation.kind != Kind::Refund) {
            if !intent.is_about(operation, of) {
                return Standing::Unknown;
            }
            // It is in no state to be captured or cancelled: perhaps because that was done before.
            if self.code.as_deref() == Some("payment_intent_unexpected_state") {
                return intent.standing(operation, of);
            }
        }
        match self.kind.as_str() {
            "card_error" if status == StatusCode::PAYMENT_REQUIRED => {}
            // A 404 without a code may be about the address rather than about what is at it.
            "invalid_request_error" if status != StatusCode::NOT_FOUND || self.code.is_some() => {}
            // `idempotency_error` above all: another request has had this key.
            _ => return Standing::Unknown,
        }
        Standing::Decided(refused(self.code()))
    }
}

/// Whether this can be an id: it will be part of a path.
pub fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests;
