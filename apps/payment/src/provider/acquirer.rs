//! The acquirer's interface (`apps/acquirer`), in our own words.
//!
//! Invariant: what it decided is found under the operation's key, however long ago that was.

mod listing;

use axum::http::{Method, StatusCode};
use dapr_kit::InvokeRequest;
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::money::Money;

pub(super) use self::listing::list;
use super::{Finding, Hint, Subject, call, refused, report};
use crate::operation::{Kind, Operation, Outcome};
use crate::state::App;

/// The header that its messages are signed in.
pub const SIGNATURE: &str = "acquirer-signature";

#[derive(Serialize)]
struct Authorisation<'a> {
    reference: String,
    amount: Money,
    token: &'a str,
}

#[derive(Serialize)]
struct Amount {
    amount: Money,
}

#[derive(Deserialize)]
struct Done {
    id: String,
    kind: String,
    reference: String,
    amount: Money,
}

#[derive(Deserialize)]
struct Declined {
    decline_code: String,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

#[derive(Deserialize)]
struct Stored {
    key: String,
    status_code: u16,
    response: Value,
}

/// A message of the acquirer: of it, the fields that are used here.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "AcquirerMessage")]
pub struct Message {
    /// Unique.
    pub id: String,
    /// What happened, such as `capture.succeeded`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it happened to.
    pub data: Told,
}

/// What a message is about.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Told {
    /// Our own name for the purchase: the order's id.
    pub reference: String,
}

impl From<Message> for Hint {
    fn from(message: Message) -> Self {
        let about = match message.kind.split_once('.') {
            Some(("authorisation", _)) => Some(Kind::Authorise),
            Some(("capture", _)) => Some(Kind::Capture),
            Some(("void", _)) => Some(Kind::Void),
            Some(("refund", _)) => Some(Kind::Refund),
            _ => None,
        };
        Self {
            id: message.id,
            kind: message.kind,
            reference: message.data.reference,
            about,
        }
    }
}

/// Its word for what it does.
fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Authorise => "authorisation",
        Kind::Capture => "capture",
        Kind::Void => "void",
        Kind::Refund => "refund",
    }
}

/// The request for the operation, but for its key.
pub(super) fn request(app: &App, operation: &Operation, subject: &Subject) -> InvokeRequest {
    let post = |path: &str| call(app, Method::POST, path);
    let amount = Amount {
        amount: operation.amount,
    };
    match (subject, operation.kind) {
        (Subject::Card(token), _) => post("/v1/authorisations").json(&Authorisation {
            reference: operation.order_id.0.to_string(),
            amount: operation.amount,
            token: token.expose_secret(),
        }),
        (Subject::Earlier(id), Kind::Refund) => {
            post(&format!("/v1/captures/{id}/refunds")).json(&amount)
        }
        (Subject::Earlier(id), Kind::Void) => {
            post(&format!("/v1/authorisations/{id}/voids")).json(&serde_json::json!({}))
        }
        (Subject::Earlier(id), Kind::Authorise | Kind::Capture) => {
            post(&format!("/v1/authorisations/{id}/captures")).json(&amount)
        }
    }
}

/// Asks what became of the operation, by its key.
pub(super) async fn look_up(app: &App, operation: &Operation) -> Finding {
    let Some(key) = &operation.provider_key else {
        return Finding::Unknown;
    };
    let path = format!("/v1/operations?key={key}");
    let reply = match call(app, Method::GET, &path).send().await {
        Ok(reply) => reply,
        Err(error) => {
            report(operation, &error);
            return Finding::Unknown;
        }
    };
    match reply.status {
        StatusCode::NOT_FOUND => Finding::Nothing,
        StatusCode::OK => {
            let stored = reply.json::<Stored>().ok();
            stored
                .filter(|stored| stored.key == *key)
                .and_then(|stored| {
                    let status = StatusCode::from_u16(stored.status_code).ok()?;
                    read(operation, status, stored.response)
                })
                .map_or(Finding::Unknown, Finding::Decided)
        }
        _ => Finding::Unknown,
    }
}

/// What this answer decides, if anything.
pub(super) fn read(operation: &Operation, status: StatusCode, body: Value) -> Option<Outcome> {
    match status {
        StatusCode::OK | StatusCode::CREATED => {
            let done: Done = serde_json::from_value(body).ok()?;
            let is_ours = done.kind == noun(operation.kind)
                && done.reference == operation.order_id.0.to_string()
                && done.amount == operation.amount;
            is_ours.then_some(Outcome::Succeeded {
                provider_id: done.id,
            })
        }
        StatusCode::PAYMENT_REQUIRED => {
            let declined: Declined = serde_json::from_value(body).ok()?;
            Some(refused(&declined.decline_code))
        }
        StatusCode::BAD_REQUEST
        | StatusCode::NOT_FOUND
        | StatusCode::CONFLICT
        | StatusCode::UNPROCESSABLE_ENTITY => {
            let error: Refused = serde_json::from_value(body).ok()?;
            Some(refused(&error.error))
        }
        _ => None,
    }
}
