//! `DELETE /v1/discounts/{discount}`: a code less.
//!
//! Invariant: only the version that the caller has read goes; what was quoted with it stands.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use service::auth::Principal;
use service::database;
use service::etag;
use service::extract::Path;
use service::problem::Problem;

use super::unchanged;
use crate::discount::DiscountId;
use crate::error::EditError;
use crate::state::App;
use crate::store::{self, discounts};

/// Answers 204; 404, 412 or 428.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<DiscountId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let version = etag::expected_version(&headers)?;
    delete(&app, &principal, id, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes it.
pub async fn delete(
    app: &App,
    principal: &Principal,
    id: DiscountId,
    version: i64,
) -> Result<(), EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    unchanged(&mut transaction, principal, id, version).await?;
    discounts::delete(&mut transaction, id).await?;
    transaction.commit().await?;
    Ok(())
}
