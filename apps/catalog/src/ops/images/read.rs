//! `GET /v1/images/{hash}`: the bytes of one rendition.
//!
//! Invariant: they are the ones of that hash, so whoever has them never needs to ask again.

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode};
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
    let tag = etag::of_hash(hash.as_str());
    let known = etag::is_known(&headers, &tag);
    let lasting = etag::lasting(tag);
    if known {
        return Ok((StatusCode::NOT_MODIFIED, lasting).into_response());
    }
    let kind = [(CONTENT_TYPE, KIND), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Ok((lasting, kind, bytes).into_response())
}
