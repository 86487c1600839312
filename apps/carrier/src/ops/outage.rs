//! `PUT /control/outage`: a test makes us fail.

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::Deserialize;

use crate::conduct::Outage;
use crate::error::Error;
use crate::state::App;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    outage: Outage,
}

/// Answers 204.
pub async fn handler(
    Shared(app): Shared<App>,
    wish: Result<Json<Wish>, JsonRejection>,
) -> Result<StatusCode, Error> {
    let Json(wish) = wish.map_err(|_| Error::Invalid)?;
    app.trouble.set_outage(wish.outage);
    Ok(StatusCode::NO_CONTENT)
}
