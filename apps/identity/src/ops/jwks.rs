//! `GET /oauth2/jwks`: the public keys (RFC 7517).
//!
//! Invariant: a key is published before it signs and as long as anything it signed is valid.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::state::App;

/// The handler.
pub async fn handle(State(app): State<App>) -> Response {
    let keys = app.mint.keys().current();
    let body = Json(json!({ "keys": keys.public().collect::<Vec<_>>() }));
    ([(header::CACHE_CONTROL, "public, max-age=60")], body).into_response()
}
