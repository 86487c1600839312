//! `GET /api/stores/{id}/slots`: how long one waits at a store, and its slots.
//!
//! Invariant: the same for everybody, so it is asked for in our own name, and never kept: a slot that is told of was to
//! be had a moment ago.

use axum::extract::State;
use axum::http::{Method, Uri};
use axum::response::Response;
use service::extract::Path;
use uuid::Uuid;

use crate::error::Error;
use crate::perimeter::forward;
use crate::state::App;

const ORDER: &str = "order";

/// Answers what the order service does.
pub async fn slots(
    State(app): State<App>,
    Path(store): Path<Uuid>,
    uri: Uri,
) -> Result<Response, Error> {
    let token = app.tokens.for_self(ORDER).await.map_err(Error::Token)?;
    let path = forward::with_query(&format!("/v1/stores/{store}/slots"), &uri)?;
    let call = app.dapr.invoke(ORDER, Method::GET, &path).bearer(&token);
    forward::from_service(call.send().await?)
}
