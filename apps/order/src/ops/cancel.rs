//! `POST /v1/orders/{id}/cancellation`: the customer, or the staff of the store, calls an order off.
//!
//! Invariant: the order is cancelled once nothing of it is left to undo, not by this command: an order that is pending
//! turns round, a confirmed one that nobody has begun to make is recalled first. Asking again asks for nothing new.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use service::auth::Principal;
use service::database;
use service::etag;
use service::extract::Path;
use service::failpoint;
use service::problem::Problem;

use crate::access;
use crate::checkout::{self, RequestError};
use crate::error::Error;
use crate::order::{Order, OrderId, Reason};
use crate::state::App;
use crate::store;

/// Why the order goes on.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// Not found, or the database failed.
    #[error(transparent)]
    Any(#[from] Error),
    /// It can't be called off.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl From<sqlx::Error> for CancelError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::Any(error) => error.into(),
            CancelError::Request(error) => error.into(),
        }
    }
}

/// Answers 202 with the order as it stands; 404 `order-not-found`, 409 `cannot-cancel`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
) -> Result<impl IntoResponse, Problem> {
    let order = cancel(&app, &principal, id).await?;
    let etag = etag::header(etag::of_version(order.version));
    Ok((StatusCode::ACCEPTED, [etag], axum::Json(order)))
}

/// Asks for the order to be undone.
pub async fn cancel(app: &App, principal: &Principal, id: OrderId) -> Result<Order, CancelError> {
    let mut transaction = database::begin(&app.db).await?;
    let order = store::orders::find_for_update(&mut transaction, id)
        .await?
        .filter(|order| access::may_see(principal, order))
        .ok_or(Error::OrderNotFound)?;
    let reason = if principal.user_id() == Some(order.customer.0) {
        Reason::ByCustomer
    } else {
        Reason::ByStaff
    };
    let (now, actor) = (app.clock.now(), principal.subject.as_str());
    let order =
        checkout::request_cancel(&mut transaction, &app.ids, order, reason, actor, now).await?;
    failpoint::reach("order.cancel_request.before_commit");
    transaction.commit().await?;
    failpoint::reach("order.cancel_request.after_commit");
    app.outbox.wake();
    app.checkouts.wake();
    tracing::info!(order.id = %id.0, ?reason, "an order is to be cancelled");
    Ok(order)
}
