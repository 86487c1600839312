//! `GET /v1/orders/{id}/history`: every transition of an order, for those who may see it.

use axum::Json;
use axum::extract::State;
use service::auth::Principal;
use service::extract::Path;
use service::page::Page;
use service::problem::Problem;

use crate::error::Error;
use crate::ops;
use crate::order::OrderId;
use crate::state::App;
use crate::store;
use crate::store::history::HistoryEntry;

/// Answers 200 with the transitions, oldest first, or 404 `order-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
) -> Result<Json<Page<HistoryEntry>>, Problem> {
    Ok(Json(Page::whole(history(&app, &principal, id).await?)))
}

/// The order's transitions, if `principal` may see it.
pub async fn history(
    app: &App,
    principal: &Principal,
    id: OrderId,
) -> Result<Vec<HistoryEntry>, Error> {
    ops::get::get(app, principal, id).await?;
    let mut connection = app.db.acquire().await?;
    Ok(store::history::of_order(&mut connection, id).await?)
}
