//! The carrier's interface: its paths, and what stands before all of them.
//!
//! Invariant: nothing here is done, and nothing is said of what exists, without the API key.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use service::auth::brings_key;
use service::server::observe_request;

use crate::conduct::Outage;
use crate::error::Error;
use crate::ops::{book, call_off, outage, ready, updates};
use crate::state::App;

/// The most bytes of a request's body.
const MOST_BODY: usize = 64 * 1024;

/// What the shipper and the tests may call.
pub fn carrier(app: App) -> Router {
    let shipper = Router::new()
        .route("/v1/deliveries", post(book::handler))
        .route("/v1/deliveries/{id}/ready", post(ready::handler))
        .route("/v1/cancellations/{key}", put(call_off::handler))
        .route("/v1/updates", get(updates::handler))
        .layer(from_fn_with_state(app.clone(), suffer));
    shipper
        .route("/control/outage", put(outage::handler))
        .fallback(async || Error::NothingHere)
        .method_not_allowed_fallback(async || Error::NothingHere)
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .layer(from_fn_with_state(app.clone(), only_with_our_key))
        .layer(from_fn(observe_request))
        .with_state(app)
}

async fn only_with_our_key(State(app): State<App>, request: Request, next: Next) -> Response {
    let secret = app.secrets.current();
    let Ok(key) = secret.require("api_key") else {
        tracing::error!("the secret has no API key");
        return Error::Unavailable.into_response();
    };
    if brings_key(request.headers(), key) {
        next.run(request).await
    } else {
        Error::Unauthorised.into_response()
    }
}

/// The outage in force, if any.
async fn suffer(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.trouble.outage() {
        Outage::None => next.run(request).await,
        Outage::Down => Error::Unavailable.into_response(),
    }
}
