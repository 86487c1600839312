//! `PUT /control/undo`: mends the token whose voids and refunds fail, or breaks it again.
//!
//! Invariant: no other token is touched.

use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::request::Json;
use crate::state::App;

/// What is wanted, and then in force.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    works: bool,
}

/// Puts it in force.
pub async fn handler(State(app): State<App>, Json(body): Json<Body>) -> axum::Json<Body> {
    app.trouble.set_undo_works(body.works);
    axum::Json(body)
}
