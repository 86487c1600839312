//! `POST /events/dead`: what could not be handled is kept, for an operator to look at.
//!
//! Invariant: a letter is acknowledged only when it is stored, whatever is in it: nothing comes after the dead letters.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use outbox::dead;
use serde_json::Value;
use service::problem::Problem;

use crate::error::Error;
use crate::state::App;

/// Where the sidecar says which topic a delivery comes from. The event's own `topic` names the one that it was
/// published to first.
const TOPIC: &str = "__topic";

/// Answers 204, or an error that has it delivered again.
pub async fn handler(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let event = serde_json::from_slice(&body).unwrap_or_else(|_| {
        Value::String(String::from_utf8_lossy(&body).replace('\0', "\u{fffd}"))
    });
    let topic = headers
        .get(TOPIC)
        .and_then(|topic| topic.to_str().ok())
        .or_else(|| event["topic"].as_str())
        .unwrap_or("unknown");
    keep(&app, topic, &event).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps an event that was given up on `topic`.
pub async fn keep(app: &App, topic: &str, event: &Value) -> Result<(), Error> {
    let mut connection = app.db.acquire().await?;
    Ok(dead::keep(&mut connection, topic, event, app.clock.now()).await?)
}
