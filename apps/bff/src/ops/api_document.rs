//! `GET /v1/openapi.json`: what is served here, for whoever writes a client.
//!
//! Invariant: its bytes are those that requests are checked against.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use data_encoding::HEXLOWER;
use service::etag;
use std::sync::LazyLock;

use crate::contract::DOCUMENT;

/// Where it is.
pub const PATH: &str = "/v1/openapi.json";

static TAG: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = digest(&SHA256, DOCUMENT.as_bytes());
    let tag = format!("\"{}\"", HEXLOWER.encode(&hash.as_ref()[..16]));
    // Quotes and hexadecimal digits are always a header value.
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""))
});

/// The handler.
pub async fn handle(headers: HeaderMap) -> Response {
    let tag = [
        etag::header(TAG.clone()),
        (
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=300"),
        ),
    ];
    if etag::is_known(&headers, &TAG) {
        return (StatusCode::NOT_MODIFIED, tag).into_response();
    }
    let kind = HeaderValue::from_static("application/json");
    (tag, [(CONTENT_TYPE, kind)], DOCUMENT).into_response()
}
