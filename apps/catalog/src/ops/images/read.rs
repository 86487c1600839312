//! `GET /v1/images/{hash}`: the bytes of one rendition.
//!
//! Invariant: they are the ones of that hash, so whoever has them never needs to ask again.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use service::etag;
use service::extract::{self, Path};
use service::problem::Problem;

use crate::error::Error;
use crate::photo::{Hash, KIND};
use crate::state::App;
use crate::store::photos;

/// Answers 200, 304, or 404 `not-found`.
pub async fn handler(
    State(app): State<App>,
    Path(hash): Path<Hash>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut db = app.db.acquire().await.map_err(Error::from)?;
    let bytes = photos::bytes(&mut db, &hash).await.map_err(Error::from)?;
    let bytes = bytes.ok_or_else(extract::not_found)?;
    // Quotes and hexadecimal digits are always a header value.
    let tag = HeaderValue::try_from(format!("\"{}\"", hash.as_str()))
        .unwrap_or(HeaderValue::from_static("\"\""));
    let lasting = [
        (ETAG, tag.clone()),
        (
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        ),
    ];
    if etag::is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, lasting).into_response());
    }
    let kind = [(CONTENT_TYPE, KIND), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Ok((lasting, kind, bytes).into_response())
}
