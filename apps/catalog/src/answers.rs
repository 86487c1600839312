//! Answers of edits: what is there now, under its version.
//!
//! Invariant: whoever gets a body gets the tag that the next edit of it must name.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, ETAG, LOCATION};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service::etag;
use uuid::Uuid;

/// 200 with what is there at `version`.
pub fn current(version: i64, body: &impl Serialize) -> Response {
    let headers = [(ETAG, etag::of_version(version))];
    // Versions are for edits: nobody keeps what only a manager may read.
    ([(CACHE_CONTROL, "no-store")], headers, Json(body)).into_response()
}

/// 201 with what was made in `collection`.
pub fn created(collection: &str, id: Uuid, version: i64, body: &impl Serialize) -> Response {
    let location = [(LOCATION, format!("{collection}/{id}"))];
    (StatusCode::CREATED, location, current(version, body)).into_response()
}
