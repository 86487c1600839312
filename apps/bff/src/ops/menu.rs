//! `GET /api/stores` and `GET /api/stores/{id}/menu`, when the kept answer is not new any more.
//!
//! Invariant: the same for everybody, so it is asked for in our own name.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use service::extract::Path;
use uuid::Uuid;

use crate::catalogue::Asked;
use crate::error::Error;
use crate::state::App;

/// All stores.
pub async fn stores(State(app): State<App>, headers: HeaderMap) -> Result<Response, Error> {
    app.catalogue.read(Asked::Stores, &headers).await
}

/// One store's menu.
pub async fn menu(
    State(app): State<App>,
    Path(store): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    app.catalogue.read(Asked::Menu(store), &headers).await
}
