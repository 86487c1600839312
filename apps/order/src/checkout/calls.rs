//! The six calls of a saga: what is asked of inventory and payment, and what their answers mean.
//!
//! Invariant: only an answer that says so is [`Outcome::Done`] or [`Outcome::Refused`]; whatever may have had an effect
//! is [`Outcome::Unknown`], and is asked again under the same id.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use dapr_kit::{InvokeError, Reply};
use serde::{Deserialize, Serialize};
use serde_json::json;
use service::problem::TYPE_PREFIX;
use uuid::Uuid;

use crate::checkout::{Call, Outcome};
use crate::order::{Order, Reason};
use crate::state::App;

/// Inventory's app id and audience.
const INVENTORY: &str = "inventory";
/// Payment's app id and audience.
const PAYMENT: &str = "payment";
/// How long one call may take. Less than a lease, so that whoever waits for an answer still holds the saga.
const DEADLINE: Duration = Duration::from_secs(3);

/// One line as inventory reserves it.
#[derive(Serialize)]
struct ReservedLine<'a> {
    variation_id: Uuid,
    quantity: i32,
    option_ids: Vec<&'a Uuid>,
}

/// Our view of a problem: its type is all that decides.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    detail: Option<String>,
}

/// Makes one call for `order`.
pub async fn make(app: &App, call: Call, order: &Order, card_token: Option<&str>) -> Outcome {
    let audience = match call {
        Call::Reserve | Call::Release => INVENTORY,
        Call::Authorise | Call::Capture | Call::Void | Call::Refund => PAYMENT,
    };
    let token = match app.tokens.for_self(audience).await {
        Ok(token) => token,
        Err(error) => return Outcome::Unavailable(chain(&error)),
    };
    let id = order.id.0;
    let (method, path) = match call {
        Call::Reserve => (Method::PUT, format!("/v1/reservations/{id}")),
        Call::Release => (Method::POST, format!("/v1/reservations/{id}/release")),
        Call::Authorise => (Method::PUT, format!("/v1/payments/{id}")),
        Call::Capture => (Method::POST, format!("/v1/payments/{id}/capture")),
        Call::Void => (Method::POST, format!("/v1/payments/{id}/void")),
        Call::Refund => (Method::POST, format!("/v1/payments/{id}/refund")),
    };
    let request = app
        .dapr
        .invoke(audience, method, &path)
        .bearer(&token)
        .deadline(DEADLINE);
    let request = match call {
        Call::Reserve => request.json(&json!({"store_id": order.store_id, "lines": lines(order)})),
        Call::Authorise => {
            let Some(card) = card_token else {
                return Outcome::Refused(
                    Reason::PaymentUnavailable,
                    "the card's token is gone".to_owned(),
                );
            };
            request.json(&json!({"store_id": order.store_id, "amount": order.total, "token": card}))
        }
        Call::Release | Call::Capture | Call::Void | Call::Refund => request,
    };
    match request.send().await {
        Ok(reply) => read(call, &reply),
        Err(error @ InvokeError::Open { .. }) => Outcome::Unavailable(chain(&error)),
        Err(error) => Outcome::Unknown(chain(&error)),
    }
}

fn lines(order: &Order) -> Vec<ReservedLine<'_>> {
    order
        .lines
        .iter()
        .map(|line| ReservedLine {
            variation_id: line.variation_id,
            quantity: line.quantity,
            option_ids: line.options.iter().map(|option| &option.id).collect(),
        })
        .collect()
}

/// What an answer means. Statuses that the agreement does not know are tried again: their cause is passing, or a
/// mistake that somebody will mend, and the deadline ends the trying.
fn read(call: Call, reply: &Reply) -> Outcome {
    let status = reply.status;
    if status == StatusCode::OK {
        return Outcome::Done;
    }
    // A body that is no problem names no type, and its status alone decides.
    let refusal: Refusal = reply.json().unwrap_or_default();
    let kind = refusal.kind.strip_prefix(TYPE_PREFIX).unwrap_or_default();
    let note = format!(
        "{status} {kind}{}",
        refusal
            .detail
            .as_deref()
            .map_or(String::new(), |detail| format!(": {detail}"))
    );
    match (call, status.as_u16(), kind) {
        (Call::Reserve, 409, "sold-out") => Outcome::Refused(Reason::SoldOut, note),
        (Call::Reserve, 409 | 422, _) => Outcome::Refused(Reason::StockUnavailable, note),
        (Call::Authorise | Call::Capture, 402, _) => {
            Outcome::Refused(Reason::PaymentDeclined, note)
        }
        (Call::Authorise | Call::Capture, 409 | 422, _) => {
            Outcome::Refused(Reason::PaymentUnavailable, note)
        }
        (Call::Void, 409, "payment-captured") => Outcome::Captured,
        _ if status.is_server_error() => Outcome::Unknown(note),
        _ => Outcome::Unavailable(note),
    }
}

/// The error with its causes, for the saga's history. Neither tokens nor bodies are in it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
