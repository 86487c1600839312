//! `POST /v1/discounts`: a new code.
//!
//! Invariant: the code is its natural key: the same request again is refused and adds nothing.

use axum::extract::State;
use axum::response::Response;
use service::auth::Principal;
use service::database;
use service::extract::Json;
use service::problem::Problem;

use super::{COLLECTION, judged};
use crate::answers;
use crate::discount::{Discount, DiscountId, Edit};
use crate::error::EditError;
use crate::state::App;
use crate::store::discounts;

/// Answers 201 with its address, 409 `code-taken` or 422 `inconsistent-fields`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Json(edit): Json<Edit>,
) -> Result<Response, Problem> {
    let made = create(&app, &principal, &edit.rounded()).await?;
    Ok(answers::created(COLLECTION, made.id.0, made.version, &made))
}

/// Adds it.
pub async fn create(app: &App, principal: &Principal, edit: &Edit) -> Result<Discount, EditError> {
    let mut transaction = database::begin(&app.db).await?;
    let currency = judged(&mut transaction, principal, edit).await?;
    let id = DiscountId(app.ids.next());
    let made = discounts::insert(&mut transaction, id, edit, currency).await?;
    transaction.commit().await?;
    Ok(made)
}
