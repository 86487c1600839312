//! `GET /v1/stores/{store}/price-changes/{change}`: one price to come.

use axum::Json;
use axum::extract::State;
use service::auth::Principal;
use service::extract::Path;
use service::problem::Problem;
use uuid::Uuid;

use crate::access::currency_at;
use crate::error::{EditError, Thing};
use crate::menu::StoreId;
use crate::price::PriceChange;
use crate::state::App;
use crate::store::price_changes;

/// Answers 200; 404 `store-not-found` or `price-change-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path((store, id)): Path<(StoreId, Uuid)>,
) -> Result<Json<PriceChange>, Problem> {
    Ok(Json(read(&app, &principal, store, id).await?))
}

async fn read(
    app: &App,
    principal: &Principal,
    store: StoreId,
    id: Uuid,
) -> Result<PriceChange, EditError> {
    let mut db = app.db.acquire().await?;
    let currency = currency_at(&mut db, principal, store).await?;
    let now = app.clock.now();
    let found = price_changes::find(&mut db, store, currency, id, now).await?;
    found.ok_or(EditError::NotFound(Thing::PriceChange))
}
