//! The provider's interface, in our own words: what is sent, what is understood of the answers.
//!
//! Invariant: only an answer that says so, for the very operation that was asked for, is a success or a refusal;
//! everything else is unknown.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use dapr_kit::{InvokeError, InvokeRequest, Reply};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::failpoint;
use service::money::Money;

use crate::config::PROVIDER;
use crate::operation::{Kind, Operation, Operations, Outcome};
use crate::state::App;

/// How long one call may take.
const DEADLINE: Duration = Duration::from_secs(3);
/// Names the operation at the provider.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest code of a refusal that is kept.
const LONGEST_CODE: usize = 64;

/// What an operation is about at the provider.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A card, by its token.
    Card(SecretString),
    /// What the provider did before, by its id.
    Earlier(String),
}

impl Subject {
    /// What an operation of this kind that is no authorisation is about: what the provider did before of this payment.
    #[must_use]
    pub fn earlier(kind: Kind, operations: &Operations) -> Option<Self> {
        let of = match kind {
            Kind::Authorise => return None,
            Kind::Capture | Kind::Void => Kind::Authorise,
            Kind::Refund => Kind::Capture,
        };
        let earlier = operations.last(of).and_then(|one| one.provider_id.clone());
        earlier.map(Self::Earlier)
    }
}

/// What is known after a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The provider decided.
    Decided(Outcome),
    /// It may or may not have.
    Unknown,
}

/// What the provider knows of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// What it decided under it.
    Decided(Outcome),
    /// It has done nothing under it so far.
    Nothing,
    /// It did not say.
    Unknown,
}

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

/// The provider's word for what it does.
fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Authorise => "authorisation",
        Kind::Capture => "capture",
        Kind::Void => "void",
        Kind::Refund => "refund",
    }
}

/// Asks for the operation. Asking again with the same key is asking for the same one.
pub async fn ask(app: &App, operation: &Operation, subject: &Subject) -> Answer {
    let key = if failpoint::mutated("provider_key") {
        app.ids.next().to_string()
    } else {
        operation.provider_key.clone().unwrap_or_default()
    };
    let Ok(key) = HeaderValue::try_from(key) else {
        return Answer::Unknown;
    };
    let reply = request(app, operation, subject).header(KEY, key).send();
    match reply.await {
        Ok(reply) => decided(operation, &reply),
        Err(error) => {
            report(operation, &error);
            Answer::Unknown
        }
    }
}

fn request(app: &App, operation: &Operation, subject: &Subject) -> InvokeRequest {
    let post = |path: &str| {
        app.dapr
            .invoke(PROVIDER, Method::POST, path)
            .deadline(DEADLINE)
    };
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

fn decided(operation: &Operation, reply: &Reply) -> Answer {
    let outcome = reply
        .json()
        .ok()
        .and_then(|body| read(operation, reply.status, body));
    if let Some(outcome) = outcome {
        return Answer::Decided(outcome);
    }
    tracing::warn!(
        operation.kind = operation.kind.name(),
        order.id = %operation.order_id.0,
        status = reply.status.as_u16(),
        "the provider's answer decides nothing"
    );
    Answer::Unknown
}

/// Asks what became of the operation.
pub async fn look_up(app: &App, operation: &Operation) -> Finding {
    let Some(key) = &operation.provider_key else {
        return Finding::Unknown;
    };
    let query = format!("/v1/operations?key={key}");
    let request = app.dapr.invoke(PROVIDER, Method::GET, &query);
    let reply = match request.deadline(DEADLINE).send().await {
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
fn read(operation: &Operation, status: StatusCode, body: Value) -> Option<Outcome> {
    let code = |code: String| Outcome::Refused {
        code: code.chars().take(LONGEST_CODE).collect(),
    };
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
            Some(code(declined.decline_code))
        }
        StatusCode::BAD_REQUEST
        | StatusCode::NOT_FOUND
        | StatusCode::CONFLICT
        | StatusCode::UNPROCESSABLE_ENTITY => {
            let refused: Refused = serde_json::from_value(body).ok()?;
            Some(code(refused.error))
        }
        _ => None,
    }
}

fn report(operation: &Operation, error: &InvokeError) {
    tracing::warn!(
        operation.kind = operation.kind.name(),
        order.id = %operation.order_id.0,
        error = error as &dyn std::error::Error,
        "the provider did not answer"
    );
}
