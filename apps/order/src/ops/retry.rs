//! `POST /v1/checkouts/{order}/retry`: an operator sets a parked checkout going again, once what stopped it is mended.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use service::auth::Principal;
use service::database;
use service::etag;
use service::extract::Path;
use service::problem::Problem;

use crate::checkout::{self, RequestError};
use crate::error::Error;
use crate::order::{Order, OrderId};
use crate::state::App;
use crate::store;

/// Why the checkout stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// Not found, or the database failed.
    #[error(transparent)]
    Any(#[from] Error),
    /// It is not parked.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl From<sqlx::Error> for RetryError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<RetryError> for Problem {
    fn from(error: RetryError) -> Self {
        match error {
            RetryError::Any(error) => error.into(),
            RetryError::Request(error) => error.into(),
        }
    }
}

/// Answers 202 with the order as it stands; 404 `order-not-found`, 409 `not-parked`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
) -> Result<impl IntoResponse, Problem> {
    let order = retry(&app, &principal, id).await?;
    let etag = etag::header(etag::of_version(order.version));
    Ok((StatusCode::ACCEPTED, [etag], axum::Json(order)))
}

/// Lets the undoing go on where it stopped.
pub async fn retry(app: &App, principal: &Principal, id: OrderId) -> Result<Order, RetryError> {
    let mut transaction = database::begin(&app.db).await?;
    let order = store::orders::find_for_update(&mut transaction, id)
        .await?
        .ok_or(Error::OrderNotFound)?;
    let (now, actor) = (app.clock.now(), principal.subject.as_str());
    let order = checkout::retry(&mut transaction, &app.ids, order, actor, now).await?;
    transaction.commit().await?;
    app.outbox.wake();
    app.checkouts.wake();
    tracing::info!(order.id = %id.0, user.id = actor, "a parked checkout goes on");
    Ok(order)
}
