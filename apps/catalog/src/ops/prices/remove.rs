//! `DELETE /v1/stores/{store}/prices/{item}`: a store does not sell an item any more.
//!
//! Invariant: the row stays without a price, and its versions go on; what is planned for later stays planned.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use service::auth::Principal;
use service::etag;
use service::extract::Path;
use service::problem::Problem;
use uuid::Uuid;

use super::write;
use crate::access::staff_of;
use crate::menu::StoreId;
use crate::state::App;

/// Answers 204; 404 `store-not-found` or `item-not-found`, 412 or 428.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path((store, item)): Path<(StoreId, Uuid)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    staff_of(&principal, store)?;
    let version = etag::expected_version(&headers)?;
    write(&app, &principal, (store, item), version, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
