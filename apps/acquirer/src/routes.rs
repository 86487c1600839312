//! The provider's interface: its paths, and what stands before all of them.
//!
//! Invariant: nothing here is done, and nothing is said of what exists, without the API key.

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use service::auth::brings_key;
use service::server::observe_request;

use crate::conduct::{self, Reaction, SLOW};
use crate::error::Error;
use crate::listener::Wire;
use crate::ops::{authorise, capture, operations, outage, refund, transactions, undo, void};
use crate::pace::Wait;
use crate::state::App;
use crate::trouble::Outage;

/// The most bytes of a request's body.
const MOST_BODY: usize = 64 * 1024;

/// What the merchant and the tests may call.
pub fn provider(app: App) -> Router {
    let merchant = Router::new()
        .route("/v1/authorisations", post(authorise::handler))
        .route("/v1/authorisations/{id}/captures", post(capture::handler))
        .route("/v1/authorisations/{id}/voids", post(void::handler))
        .route("/v1/captures/{id}/refunds", post(refund::handler))
        .route("/v1/operations", get(operations::handler))
        .route("/v1/transactions", get(transactions::handler))
        .layer(from_fn_with_state(app.clone(), suffer));
    let control = Router::new()
        .route("/control/outage", put(outage::handler))
        .route("/control/undo", put(undo::handler));
    merchant
        .merge(control)
        .fallback(async || Error::NothingHere)
        .method_not_allowed_fallback(async || Error::Method)
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .layer(from_fn_with_state(app.clone(), only_with_our_key))
        .layer(from_fn(observe_request))
        .layer(from_fn(cut))
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
        Outage::None => {}
        Outage::Down => return Error::Unavailable.into_response(),
        Outage::Slow => app.pace.wait(Wait::Slow, SLOW).await,
        Outage::Hang => {
            conduct::hang(&app).await;
            return Reaction::HangUp.into_response();
        }
    }
    next.run(request).await
}

/// Marks a response that is not to be sent.
#[derive(Clone, Copy, Debug)]
struct HangUp;

/// Cuts the connection where a response says so.
async fn cut(request: Request, next: Next) -> Response {
    let wire = request.extensions().get::<ConnectInfo<Wire>>().cloned();
    let response = next.run(request).await;
    if response.extensions().get::<HangUp>().is_some()
        && let Some(ConnectInfo(wire)) = wire
    {
        wire.cut();
    }
    response
}

impl IntoResponse for Reaction {
    fn into_response(self) -> Response {
        match self {
            Self::Answer(operation) => {
                (operation.status_code(), axum::Json(operation.response())).into_response()
            }
            Self::HangUp => {
                let mut response = Error::Broken.into_response();
                response.extensions_mut().insert(HangUp);
                response
            }
        }
    }
}
