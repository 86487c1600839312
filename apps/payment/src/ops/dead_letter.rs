//! Deliveries on our dead-letter topics: kept for an operator.
//!
//! Invariant: whatever is delivered is kept before it is acknowledged, readable or not.

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use outbox::dead;
use serde_json::Value;
use service::problem::Problem;

use crate::config::DEAD_LETTERS;
use crate::error::Error;
use crate::state::App;

/// Acknowledges by 200 once it is kept.
pub async fn handler(Shared(app): Shared<App>, body: Bytes) -> Result<StatusCode, Problem> {
    // What is no JSON is kept as the text that it is.
    let event = serde_json::from_slice(&body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).replace('\0', "")));
    keep(&app, &event).await?;
    Ok(StatusCode::OK)
}

async fn keep(app: &App, event: &Value) -> Result<(), Error> {
    let mut connection = app.db.acquire().await?;
    Ok(dead::keep(&mut connection, DEAD_LETTERS, event, app.clock.now()).await?)
}
