//! `GET /identity.css`: the one stylesheet of the pages.
//!
//! Invariant: it is part of the binary, so that pages and style are of one version.

use axum::http::header;
use axum::response::{IntoResponse as _, Response};

/// The handler.
pub async fn handle() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=300"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, include_str!("../pages/identity.css")).into_response()
}
