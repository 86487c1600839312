//! `GET /v1/orders/{id}/timeline`: all that happened to an order here and elsewhere, for those who may see it.

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
use crate::timeline::{self, Line};

/// Answers 200 with the lines, oldest first, or 404 `order-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
) -> Result<Json<Page<Line>>, Problem> {
    Ok(Json(Page::whole(timeline(&app, &principal, id).await?)))
}

/// The order's timeline, if `principal` may see it.
pub async fn timeline(app: &App, principal: &Principal, id: OrderId) -> Result<Vec<Line>, Error> {
    ops::get::get(app, principal, id).await?;
    let mut connection = app.db.acquire().await?;
    let history = store::history::of_order(&mut connection, id).await?;
    let entries = store::timeline::of_order(&mut connection, id).await?;
    Ok(timeline::merge(history, entries))
}
