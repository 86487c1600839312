//! `GET /v1/discounts/{discount}`: one code, with the version that an edit must name.

use axum::extract::State;
use axum::response::Response;
use service::auth::Principal;
use service::extract::Path;
use service::problem::Problem;

use super::found;
use crate::answers;
use crate::discount::DiscountId;
use crate::error::EditError;
use crate::state::App;

/// Answers 200, or 404 `discount-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<DiscountId>,
) -> Result<Response, Problem> {
    let mut db = app.db.acquire().await.map_err(EditError::from)?;
    let found = found(&mut db, &principal, id).await?;
    Ok(answers::current(found.version, &found))
}
