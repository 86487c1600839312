//! The layer around the routes under `/api`.
//!
//! Invariant: nothing that another site's page makes a browser send reaches a handler.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::origin::judge;
use crate::error::Error;
use crate::state::App;

/// Lets pass what our own pages send.
pub async fn own_pages_only(State(app): State<App>, request: Request, next: Next) -> Response {
    match judge(request.method(), request.headers(), &app.public.origin) {
        Ok(()) => next.run(request).await,
        Err(refusal) => Error::Refused(refusal).into_response(),
    }
}
