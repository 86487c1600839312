//! `PUT /v1/stores/{store}/zones`: who runs a store says where it delivers, and for what.
//!
//! Invariant: the store is locked from reading the version to the commit, so of two edits of one version one wins. What was
//! announced before stays on the terms of then.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use service::auth::Principal;
use service::database;
use service::etag;
use service::extract::{Json, Path};
use service::problem::Problem;

use super::current;
use crate::access::staff_of;
use crate::error::Error;
use crate::state::App;
use crate::store;
use crate::zone::{StoreId, Zone, Zones, check};

/// The body: all of the zones, so what is left out is gone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetZones {
    /// Of an address the zone counts whose prefix fits best.
    #[schemars(length(max = 50))]
    zones: Vec<Zone>,
}

/// Answers 200 with the new zones; 404 `store-not-found`, 412 `stale-version`, 422 `zones-invalid`, 428 without `If-Match`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
    headers: HeaderMap,
    Json(command): Json<SetZones>,
) -> Result<Response, Problem> {
    let expected = etag::expected_version(&headers)?;
    let zones = replace(&app, &principal, store, expected, command.zones).await?;
    Ok(current(&zones))
}

async fn replace(
    app: &App,
    principal: &Principal,
    store: StoreId,
    expected: i64,
    wanted: Vec<Zone>,
) -> Result<Zones, Error> {
    staff_of(principal, store)?;
    let mut transaction = database::begin(&app.db).await?;
    store::zones::lock(&mut transaction, store).await?;
    let before = store::zones::read(&mut transaction, store).await?;
    let before = before.ok_or(Error::StoreNotFound)?;
    if before.version != expected {
        return Err(Error::Stale);
    }
    let zones = check(wanted, before.currency).map_err(Error::ZonesInvalid)?;
    store::zones::replace(&mut transaction, store, &zones).await?;
    transaction.commit().await?;
    let after = Zones {
        version: before.version + 1,
        zones,
        ..before
    };
    tracing::info!(store.id = %store.0, user.id = principal.subject, version = after.version, "delivery zones were set");
    Ok(after)
}
