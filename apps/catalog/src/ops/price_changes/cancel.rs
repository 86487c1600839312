//! `DELETE /v1/stores/{store}/price-changes/{change}`: a price that is not to come any more.
//!
//! Invariant: one whose instant has come is in effect, and is not taken back here. A plan is never edited, so there is
//! no version to name.

use axum::extract::State;
use axum::http::StatusCode;
use service::auth::Principal;
use service::database;
use service::extract::Path;
use service::problem::Problem;
use uuid::Uuid;

use crate::access::currency_at;
use crate::error::{EditError, Thing};
use crate::menu::StoreId;
use crate::state::App;
use crate::store::{self, price_changes};

/// Answers 204; 404 `store-not-found` or `price-change-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path((store, id)): Path<(StoreId, Uuid)>,
) -> Result<StatusCode, Problem> {
    cancel(&app, &principal, store, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes it back.
pub async fn cancel(
    app: &App,
    principal: &Principal,
    store: StoreId,
    id: Uuid,
) -> Result<(), EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    currency_at(&mut transaction, principal, store).await?;
    if !price_changes::delete(&mut transaction, store, id, app.clock.now()).await? {
        return Err(EditError::NotFound(Thing::PriceChange));
    }
    transaction.commit().await?;
    Ok(())
}
