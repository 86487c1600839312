//! `POST /v1/authorisations/{id}/captures`: takes what was set aside, or a part of it.
//!
//! Invariant: all captures of an authorisation together are no more than it.

use axum::extract::State;

use super::request::{Json, Part};
use crate::conduct::{Reaction, carry_out};
use crate::error::Error;
use crate::operation::{Command, Id, Key};
use crate::state::App;

/// Answers the capture, made, declined or refused.
pub async fn handler(
    State(app): State<App>,
    authorisation: Id,
    key: Key,
    Json(body): Json<Part>,
) -> Result<Reaction, Error> {
    let command = Command::Capture {
        authorisation,
        amount: body.amount.0,
    };
    carry_out(&app, key, command).await
}
