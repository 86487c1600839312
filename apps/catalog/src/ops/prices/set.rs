//! `PUT /v1/stores/{store}/prices/{item}`: what a store asks for an item from now on.
//!
//! Invariant: only the version that the caller has read is replaced; 0 is the version of what never had a price there.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use service::auth::Principal;
use service::etag;
use service::extract::{Json, Path};
use service::money::Money;
use service::problem::Problem;
use uuid::Uuid;

use super::write;
use crate::access::staff_of;
use crate::answers;
use crate::menu::StoreId;
use crate::state::App;

/// What it is to cost.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// For one, tax included, in the store's currency.
    pub price: Money,
}

/// Answers 200 with the row as it is now; 404 `store-not-found` or `item-not-found`, 412, 422 `inconsistent-fields`
/// or 428.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path((store, item)): Path<(StoreId, Uuid)>,
    headers: HeaderMap,
    Json(edit): Json<Edit>,
) -> Result<Response, Problem> {
    staff_of(&principal, store)?;
    let version = etag::expected_version(&headers)?;
    let written = write(&app, &principal, (store, item), version, Some(edit.price)).await?;
    Ok(answers::current(written.version, &written))
}
