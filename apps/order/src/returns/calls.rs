//! The two calls of a return: what is asked of payment and inventory, and what their answers mean.
//!
//! Invariant: only an answer that says so is [`Outcome::Done`] or [`Outcome::Refused`]; whatever may have had an effect is
//! [`Outcome::Unknown`], and is asked again under the return's id, which both services never forget.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use dapr_kit::{InvokeError, Reply};
use serde::{Deserialize, Serialize};
use serde_json::json;
use service::problem::TYPE_PREFIX;
use uuid::Uuid;

use crate::checkout::calls::chain;
use crate::returns::process::Outcome;
use crate::returns::{Goods, Return};
use crate::state::App;

/// Payment's app id and audience.
const PAYMENT: &str = "payment";
/// Inventory's app id and audience.
const INVENTORY: &str = "inventory";
/// How long one call may take. Less than a lease, so that whoever waits for an answer still holds the return.
const DEADLINE: Duration = Duration::from_secs(3);

/// A call of another service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Payment gives the money back.
    Refund,
    /// Inventory books the goods.
    Stock,
}

/// One line as inventory takes it back.
#[derive(Serialize)]
struct ReturnedLine<'a> {
    variation_id: Uuid,
    quantity: i32,
    option_ids: Vec<&'a Uuid>,
    goods: Goods,
}

/// Our view of a problem: its type is all that decides.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    detail: Option<String>,
}

/// Makes one call for a return.
pub async fn make(app: &App, call: Call, it: &Return) -> Outcome {
    let (audience, path) = match call {
        Call::Refund => (
            PAYMENT,
            format!("/v1/payments/{}/returns/{}", it.order_id.0, it.id.0),
        ),
        Call::Stock => (INVENTORY, format!("/v1/returns/{}", it.id.0)),
    };
    let token = match app.tokens.for_self(audience).await {
        Ok(token) => token,
        Err(error) => return Outcome::Unavailable(chain(&error)),
    };
    let body = match call {
        Call::Refund => json!({"amount": it.amount, "reason": it.reason.name()}),
        Call::Stock => json!({"order_id": it.order_id, "lines": lines(it)}),
    };
    let request = app
        .dapr
        .invoke(audience, Method::PUT, &path)
        .bearer(&token)
        .deadline(DEADLINE)
        .json(&body);
    match request.send().await {
        Ok(reply) => read(&reply),
        Err(error @ InvokeError::Open { .. }) => Outcome::Unavailable(chain(&error)),
        Err(error) => Outcome::Unknown(chain(&error)),
    }
}

fn lines(it: &Return) -> Vec<ReturnedLine<'_>> {
    it.lines
        .iter()
        .filter(|line| line.goods != Goods::Kept)
        .map(|line| ReturnedLine {
            variation_id: line.ordered.variation_id,
            quantity: line.quantity,
            option_ids: line
                .ordered
                .options
                .iter()
                .map(|option| &option.id)
                .collect(),
            goods: line.goods,
        })
        .collect()
}

/// What an answer means. What a service does not know yet, because an event is still on its way there, is asked again.
fn read(reply: &Reply) -> Outcome {
    let status = reply.status;
    if status == StatusCode::OK {
        return Outcome::Done;
    }
    // A body that is no problem names no type, and its status alone decides.
    let refusal: Refusal = reply.json().unwrap_or_default();
    let kind = refusal.kind.strip_prefix(TYPE_PREFIX).unwrap_or_default();
    let detail = refusal.detail.map(|detail| format!(": {detail}"));
    let note = format!("{status} {kind}{}", detail.unwrap_or_default());
    match (status.as_u16(), kind) {
        (409, "not-sold") => Outcome::Unavailable(note),
        (409 | 422, _) => Outcome::Refused(note),
        _ if status.is_server_error() => Outcome::Unknown(note),
        _ => Outcome::Unavailable(note),
    }
}
