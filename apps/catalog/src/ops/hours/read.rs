//! `GET /v1/stores/{store}/hours`: when a store is open, for who runs it.
//!
//! Invariant: hours and version are of one snapshot.

use axum::extract::State;
use axum::response::Response;
use service::auth::Principal;
use service::database;
use service::extract::Path;
use service::problem::Problem;

use super::Body;
use crate::access::staff_of;
use crate::answers;
use crate::error::Error;
use crate::hours::Hours;
use crate::menu::StoreId;
use crate::state::App;
use crate::store;

/// Answers 200 with the hours and their version as `ETag`, or 404 `store-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
) -> Result<Response, Problem> {
    let hours = read(&app, &principal, store).await?;
    Ok(answers::current(hours.version, &Body::from(hours)))
}

/// The hours of a store that `principal` runs.
pub async fn read(app: &App, principal: &Principal, store: StoreId) -> Result<Hours, Error> {
    staff_of(principal, store)?;
    let mut snapshot = database::snapshot(&app.db).await?;
    let hours = store::hours::read(&mut snapshot, store).await?;
    snapshot.commit().await?;
    hours.ok_or(Error::UnknownStore)
}
