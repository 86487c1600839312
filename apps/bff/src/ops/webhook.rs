//! `POST /webhooks/provider`: what the payment provider tells us by itself.
//!
//! Invariant: anybody may send it, so nothing of it is believed here: the payment service checks the signature over
//! exactly these bytes. It has no session, and a page that makes a browser send it lacks the signature.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;

use crate::error::Error;
use crate::perimeter::forward;
use crate::state::App;

/// Where the provider sends it.
pub const PATH: &str = "/webhooks/provider";
const UPSTREAM: &str = "/v1/webhooks/provider";

/// The handler.
pub async fn handle(State(app): State<App>, request: Request) -> Result<Response, Error> {
    let (head, body) = request.into_parts();
    let body = forward::body(&head.headers, body).await?;
    let call = app
        .dapr
        .invoke("payment", Method::POST, UPSTREAM)
        .headers(forward::from_provider(&head.headers));
    Ok(forward::to_provider(&call.body(body).send().await?))
}
