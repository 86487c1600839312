//! `PUT /v1/discounts/{discount}`: other terms for a code.
//!
//! Invariant: only the version that the caller has read is replaced; what was quoted with it stands.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use service::auth::Principal;
use service::database;
use service::etag;
use service::extract::{Json, Path};
use service::problem::Problem;

use super::{judged, unchanged};
use crate::answers;
use crate::discount::{Discount, DiscountId, Edit};
use crate::error::EditError;
use crate::state::App;
use crate::store::{self, discounts};

/// Answers 200 with it as it is now; 404, 409 `code-taken`, 412, 422 or 428.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<DiscountId>,
    headers: HeaderMap,
    Json(edit): Json<Edit>,
) -> Result<Response, Problem> {
    let version = etag::expected_version(&headers)?;
    let written = replace(&app, &principal, (id, version), &edit.rounded()).await?;
    Ok(answers::current(written.version, &written))
}

/// Replaces it.
pub async fn replace(
    app: &App,
    principal: &Principal,
    (id, version): (DiscountId, i64),
    edit: &Edit,
) -> Result<Discount, EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    unchanged(&mut transaction, principal, id, version).await?;
    let currency = judged(&mut transaction, principal, edit).await?;
    let written = discounts::update(&mut transaction, id, edit, currency).await?;
    transaction.commit().await?;
    Ok(written)
}
