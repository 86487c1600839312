//! `PUT /v1/stores/{store}/hours`: who runs a store says when it is open, and on which days not.
//!
//! Invariant: the store is locked from reading the version to the commit, so of two edits of one version one wins.

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

use super::Body;
use crate::access::staff_of;
use crate::answers;
use crate::error::{EditError, Error};
use crate::hours::{Closures, Hours, Weekly};
use crate::menu::StoreId;
use crate::state::App;
use crate::store;

/// The body: all of the hours, so what is left out is gone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetHours {
    /// By weekday.
    pub weekly: Weekly,
    /// But for these days.
    pub closures: Closures,
}

/// Answers 200 with the new hours; 404 `store-not-found`, 412 `stale-version`, 428 without `If-Match`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
    headers: HeaderMap,
    Json(command): Json<SetHours>,
) -> Result<Response, Problem> {
    let expected = etag::expected_version(&headers)?;
    let hours = replace(&app, &principal, store, expected, &command).await?;
    Ok(answers::current(hours.version, &Body::from(hours)))
}

/// Puts these hours in the place of the store's.
pub async fn replace(
    app: &App,
    principal: &Principal,
    store: StoreId,
    expected: i64,
    command: &SetHours,
) -> Result<Hours, EditError> {
    staff_of(principal, store)?;
    let mut transaction = database::begin(&app.db).await?;
    let version = store::hours::lock(&mut transaction, store).await?;
    if version.ok_or(Error::UnknownStore)? != expected {
        return Err(EditError::Stale);
    }
    store::hours::replace(&mut transaction, store, &command.weekly, &command.closures).await?;
    let hours = store::hours::read(&mut transaction, store).await?;
    transaction.commit().await?;
    let hours = hours.ok_or(Error::UnknownStore)?;
    tracing::info!(store.id = %store.0, user.id = principal.subject, version = hours.version, "opening hours were set");
    Ok(hours)
}
