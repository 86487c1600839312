//! `PUT /control/outage`: makes every request of the merchant fail, or none.
//!
//! Invariant: the control interface itself always answers.

use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::request::Json;
use crate::state::App;
use crate::trouble::Outage;

/// What is wanted, and then in force.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    mode: Outage,
}

/// Puts it in force.
pub async fn handler(State(app): State<App>, Json(body): Json<Body>) -> axum::Json<Body> {
    app.trouble.set_outage(body.mode);
    tracing::info!(mode = ?body.mode, "an outage on demand");
    axum::Json(body)
}
