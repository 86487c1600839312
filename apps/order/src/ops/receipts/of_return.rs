//! `GET /v1/returns/{return}/receipt`: the credit note of a return, for those who may see its order.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use service::auth::Principal;
use service::extract::Path;
use service::problem::Problem;

use crate::ops;
use crate::ops::receipts::{ReceiptError, answer};
use crate::receipt::Receipt;
use crate::returns::ReturnId;
use crate::state::App;
use crate::store;

/// Answers 200 with the credit note as JSON or, if that is preferred, as text; 404 `return-not-found`, 409 `no-receipt`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<ReturnId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let note = credit_note(&app, &principal, id).await?;
    Ok(answer(&headers, &note))
}

/// The credit note of a return, if `principal` may see it.
pub async fn credit_note(
    app: &App,
    principal: &Principal,
    id: ReturnId,
) -> Result<Receipt, ReceiptError> {
    let mut connection = app.db.acquire().await?;
    let (it, order) = ops::returns::get::find(&mut connection, principal, id).await?;
    let zone = store::orders::zone(&mut connection, order.id).await?;
    Receipt::of_return(&order, zone, &it).ok_or(ReceiptError::NotYet)
}
