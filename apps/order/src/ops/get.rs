//! `GET /v1/orders/{id}`: one order, for its customer and the staff of its store.

use axum::extract::State;
use axum::response::IntoResponse;
use service::auth::Principal;
use service::etag;
use service::extract::Path;
use service::problem::Problem;

use crate::access;
use crate::error::Error;
use crate::order::{Order, OrderId};
use crate::state::App;
use crate::store;

/// Answers 200 with the order and its version as `ETag`, or 404 `order-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
) -> Result<impl IntoResponse, Problem> {
    let order = get(&app, &principal, id).await?;
    let etag = etag::header(etag::of_version(order.version));
    Ok(([etag], axum::Json(order)))
}

/// The order, if `principal` may see it.
pub async fn get(app: &App, principal: &Principal, id: OrderId) -> Result<Order, Error> {
    let mut connection = app.db.acquire().await?;
    store::orders::find(&mut connection, id)
        .await?
        .filter(|order| access::may_see(principal, order))
        .ok_or(Error::OrderNotFound)
}
