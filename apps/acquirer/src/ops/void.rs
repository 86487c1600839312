//! `POST /v1/authorisations/{id}/voids`: gives up what was set aside.
//!
//! Invariant: what was captured, even in part, can't be given up.

use axum::extract::State;

use super::request::Whole;
use crate::conduct::{Reaction, carry_out};
use crate::error::Error;
use crate::operation::{Command, Id, Key};
use crate::state::App;

/// Answers the void, done or refused. A body is not looked at, but one that was announced must have come.
pub async fn handler(
    State(app): State<App>,
    authorisation: Id,
    key: Key,
    Whole(_): Whole,
) -> Result<Reaction, Error> {
    carry_out(&app, key, Command::Void { authorisation }).await
}
