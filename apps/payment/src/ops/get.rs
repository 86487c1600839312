//! `GET /v1/payments/{order}`: one order's payment, for the staff of its store.

use axum::extract::State as Shared;
use axum::response::IntoResponse;
use service::auth::Principal;
use service::etag;
use service::extract::Path;
use service::problem::Problem;

use crate::access;
use crate::error::Error;
use crate::payment::{OrderId, Payment};
use crate::state::App;
use crate::store;

/// Answers 200 with the payment and its version as `ETag`, or 404 `payment-not-found`.
pub async fn handler(
    Shared(app): Shared<App>,
    principal: Principal,
    Path(order): Path<OrderId>,
) -> Result<impl IntoResponse, Problem> {
    let payment = get(&app, &principal, order).await?;
    let etag = etag::header(etag::of_version(payment.version));
    Ok(([etag], axum::Json(payment)))
}

/// The payment, if `principal` may see it.
pub async fn get(app: &App, principal: &Principal, order: OrderId) -> Result<Payment, Error> {
    let mut connection = app.db.acquire().await?;
    store::payments::find(&mut connection, order)
        .await?
        .filter(|payment| access::is_staff_of(principal, payment))
        .ok_or(Error::PaymentNotFound)
}
