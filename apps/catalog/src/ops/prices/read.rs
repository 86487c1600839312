//! `GET /v1/stores/{store}/prices/{item}`: one row of a price list, with the version that an edit must name.

use axum::extract::State;
use axum::response::Response;
use service::auth::Principal;
use service::extract::Path;
use service::problem::Problem;
use uuid::Uuid;

use crate::access::currency_at;
use crate::answers;
use crate::error::{EditError, Thing};
use crate::menu::StoreId;
use crate::price::Price;
use crate::state::App;
use crate::store::prices;

/// Answers 200; 404 `store-not-found` or `item-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path((store, item)): Path<(StoreId, Uuid)>,
) -> Result<Response, Problem> {
    let price = read(&app, &principal, store, item).await?;
    Ok(answers::current(price.version, &price))
}

async fn read(
    app: &App,
    principal: &Principal,
    store: StoreId,
    item: Uuid,
) -> Result<Price, EditError> {
    let mut db = app.db.acquire().await?;
    let currency = currency_at(&mut db, principal, store).await?;
    let found = prices::find(&mut db, store, currency, item, app.clock.now()).await?;
    found.ok_or(EditError::NotFound(Thing::Item))
}
