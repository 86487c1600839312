//! `GET /v1/orders/{id}/receipt`: what was bought, for those who may see the order.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use service::auth::Principal;
use service::extract::Path;
use service::problem::Problem;

use crate::access;
use crate::error::Error;
use crate::ops::receipts::{ReceiptError, answer};
use crate::order::OrderId;
use crate::receipt::Receipt;
use crate::state::App;
use crate::store;

/// Answers 200 with the receipt as JSON or, if that is preferred, as text; 404 `order-not-found`, 409 `no-receipt`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let receipt = receipt(&app, &principal, id).await?;
    Ok(answer(&headers, &receipt))
}

/// The receipt of an order, if `principal` may see it.
pub async fn receipt(
    app: &App,
    principal: &Principal,
    id: OrderId,
) -> Result<Receipt, ReceiptError> {
    let mut connection = app.db.acquire().await?;
    let order = store::orders::find(&mut connection, id)
        .await?
        .filter(|order| access::may_see(principal, order))
        .ok_or(Error::OrderNotFound)?;
    let zone = store::orders::zone(&mut connection, id).await?;
    let returns = store::returns::of_order(&mut connection, id).await?;
    let currency = order.total.currency;
    let refunds = store::refunds::of_order(&mut connection, id, currency).await?;
    Receipt::of_order(&order, zone, &returns, &refunds).ok_or(ReceiptError::NotYet)
}
