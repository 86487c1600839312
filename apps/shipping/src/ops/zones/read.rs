//! `GET /v1/stores/{store}/zones`: for who runs the store.

use axum::extract::State;
use axum::response::Response;
use service::auth::Principal;
use service::extract::Path;
use service::problem::Problem;

use super::current;
use crate::access::staff_of;
use crate::error::Error;
use crate::state::App;
use crate::store::zones;
use crate::zone::{StoreId, Zones};

/// Answers 200 with the zones and their version as `ETag`, or 404 `store-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
) -> Result<Response, Problem> {
    Ok(current(&read(&app, &principal, store).await?))
}

async fn read(app: &App, principal: &Principal, store: StoreId) -> Result<Zones, Error> {
    staff_of(principal, store)?;
    let mut connection = app.db.acquire().await?;
    let zones = zones::read(&mut connection, store).await?;
    zones.ok_or(Error::StoreNotFound)
}
