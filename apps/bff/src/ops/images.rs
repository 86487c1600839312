//! `GET /images/{hash}`: one width of a product's photograph, for pages and registered clients alike.
//!
//! Invariant: the same for everybody and for ever, so it is asked for in our own name, and whoever has it is told so
//! without a question to anybody.

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use service::etag;
use service::extract::Path;

use crate::error::Error;
use crate::perimeter::forward;
use crate::state::App;

/// The path.
pub const PATH: &str = "/images/{hash}";

const CATALOG: &str = "catalog";

/// The catalog's answer.
pub async fn handle(
    State(app): State<App>,
    Path(hash): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    if !is_hash(&hash) {
        return Err(Error::NotFound);
    }
    let tag = etag::of_hash(&hash);
    if etag::is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, etag::lasting(tag)).into_response());
    }
    let token = app.tokens.for_self(CATALOG).await.map_err(Error::Token)?;
    let path = format!("/v1/images/{hash}");
    let call = app.dapr.invoke(CATALOG, Method::GET, &path).bearer(&token);
    forward::from_service(call.send().await?)
}

fn is_hash(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}
