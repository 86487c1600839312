//! The layers around the public routes.
//!
//! Invariant: an answer that is kept ready is given out after the same judgement as any other.

use axum::extract::{Request, State};
use axum::http::Method;
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

/// Answers from what is kept ready, before anything is spent on the request: neither span nor log line.
pub async fn ready_answers(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method() == Method::GET
        && let Some(path) = request.uri().path().strip_prefix("/api")
        && path.starts_with("/stores")
        && judge(request.method(), request.headers(), &app.public.origin).is_ok()
        && let Some(answer) = app.catalogue.ready(path, request.headers())
    {
        metrics::counter!("crema_catalogue_answers_total").increment(1);
        return answer;
    }
    next.run(request).await
}
