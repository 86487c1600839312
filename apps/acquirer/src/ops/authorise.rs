//! `POST /v1/authorisations`: sets money aside.
//!
//! Invariant: an authorisation moves no money; it is the most that captures of it can move.

use axum::extract::State;
use serde::Deserialize;

use super::request::{Amount, Json, Text};
use crate::conduct::{Reaction, carry_out};
use crate::error::Error;
use crate::operation::{Command, Key};
use crate::state::App;

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    reference: Text,
    amount: Amount,
    token: Text,
}

/// Answers the authorisation, granted or declined.
pub async fn handler(
    State(app): State<App>,
    key: Key,
    Json(body): Json<Body>,
) -> Result<Reaction, Error> {
    let command = Command::Authorise {
        reference: body.reference.0,
        amount: body.amount.0,
        token: body.token.0,
    };
    carry_out(&app, key, command).await
}
