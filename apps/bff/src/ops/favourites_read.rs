//! `GET /api/favourites`: the choices to which this person gave names.
//!
//! Invariant: only the person's own can be named: there is no id in the path.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use bff_api::Favourites;

use super::shelved;
use crate::error::Error;
use crate::state::App;

/// The handler.
pub async fn handle(State(app): State<App>, headers: HeaderMap) -> Result<Response, Error> {
    let key = shelved::favourites(&app, &headers).await?;
    let found = app.shelf.read::<Favourites>(&key).await?;
    Ok(shelved::answer(&found))
}
