//! `DELETE /api/basket`: the basket is emptied, as after an order.
//!
//! Invariant: only the version that its sender has seen is taken away; what was put in meanwhile stays.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bff_api::Basket;

use crate::error::Error;
use crate::shelf::{Basis, Holder};
use crate::state::App;

/// The handler.
pub async fn handle(State(app): State<App>, headers: HeaderMap) -> Result<Response, Error> {
    let basis = Basis::of(&headers)?;
    let holder = Holder::of(&app, &headers).await?;
    let key = holder.key().ok_or(Error::Stale(None))?;
    app.shelf.remove::<Basket>(&key, &basis).await?;
    let headers = [(CACHE_CONTROL, "no-store")];
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}
