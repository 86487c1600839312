//! `GET /v1/stores/{store}/menu`: what a store sells.
//!
//! Invariant: the answer comes from memory; see [`crate::menus`] for how old it may be.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use service::extract::Path;
use service::problem::Problem;

use crate::menu::StoreId;
use crate::state::App;

/// Answers the menu, or 304.
pub async fn handler(
    State(app): State<App>,
    Path(store): Path<StoreId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Ok(app.menus.recent(store).await?.rendered.respond(&headers))
}
