//! `POST /v1/captures/{id}/refunds`: gives back what was taken, or a part of it.
//!
//! Invariant: all refunds of a capture together are no more than it.

use axum::extract::State;

use super::request::{Json, Part};
use crate::conduct::{Reaction, carry_out};
use crate::error::Error;
use crate::operation::{Command, Id, Key};
use crate::state::App;

/// Answers the refund, made or refused.
pub async fn handler(
    State(app): State<App>,
    capture: Id,
    key: Key,
    Json(body): Json<Part>,
) -> Result<Reaction, Error> {
    let command = Command::Refund {
        capture,
        amount: body.amount.0,
    };
    carry_out(&app, key, command).await
}
