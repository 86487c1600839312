//! What the operations on the shelf have in common: reading a body, answering with a version, whose favourites.
//!
//! Invariant: what is shown of a person is kept by nobody on the way, and always says which version it is.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, http::HeaderValue};
use serde::de::DeserializeOwned;
use service::extract;

use crate::contract::Contract;
use crate::error::Error;
use crate::perimeter::forward;
use crate::shelf::{Found, Kept, ShelfKey, tag};
use crate::state::App;

/// A body that keeps to its contract.
pub(super) async fn body<T: DeserializeOwned>(
    contract: &Contract,
    head: &Parts,
    body: Body,
) -> Result<T, Error> {
    if !extract::is_json(&head.headers) {
        return Err(Error::Kind(&[extract::JSON]));
    }
    let body = forward::body(&head.headers, body).await?;
    let checked = contract.check(&head.headers, &head.uri, &body);
    checked.map_err(Error::Contract)?;
    extract::parse(&body).map_err(Error::Contract)
}

/// What was found, with its tag if it has one.
pub(super) fn answer<T: Kept>(found: &Found<T>) -> Response {
    let mut answer = Json(&found.value).into_response();
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(tag) = found.etag.as_deref().and_then(tag) {
        headers.insert(ETAG, tag);
    }
    answer
}

/// What the favourites of the person who is signed in are kept under.
pub(super) async fn favourites(app: &App, headers: &HeaderMap) -> Result<ShelfKey, Error> {
    let session = app.session_of(headers)?;
    let session = app.sessions.find(&session).await?;
    let session = session.ok_or(Error::SessionEnded)?;
    Ok(ShelfKey::favourites_of(session.person.id))
}
