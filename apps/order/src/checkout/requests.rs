//! What people wish of a saga: to cancel its order, to go on with a parked one, to call a parked one settled.
//!
//! Invariant: the order's row is locked by the caller before the saga's, as everywhere; order, history, event and saga
//! change in the caller's transaction. After its commit wake the relay and the runner.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use service::ids::Ids;
use service::problem::Problem;
use sqlx::PgConnection;

use crate::error::Error;
use crate::events;
use crate::lifecycle::{Checkout, Fulfilment, IllegalStep, Step};
use crate::order::{Order, Reason};
use crate::store;
use crate::store::checkouts::Told;

/// Why a wish is not granted.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The order has gone too far to be cancelled, or a person sees to it already.
    #[error("the order can't be cancelled now")]
    CannotCancel,
    /// The order's saga is not parked.
    #[error("the checkout is not in the manual queue")]
    NotParked,
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The transition table and this file disagree.
    #[error(transparent)]
    Step(#[from] IllegalStep),
    /// An event can't be written as JSON.
    #[error("an event can't be written")]
    Encode(#[from] serde_json::Error),
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::CannotCancel => Self::new(
                StatusCode::CONFLICT,
                "cannot-cancel",
                "The order can't be cancelled any more",
            ),
            RequestError::NotParked => Self::new(
                StatusCode::CONFLICT,
                "not-parked",
                "The checkout is not in the manual queue",
            ),
            RequestError::Database(error) => Error::from(error).into(),
            RequestError::Step(_) | RequestError::Encode(_) => Self::internal(&error),
        }
    }
}

/// Asks for an order to be undone. A pending one turns round with its saga's next record, a confirmed one that nobody
/// has begun to make is recalled; a cancelled one stays as it is.
pub async fn request_cancel(
    connection: &mut PgConnection,
    ids: &Ids,
    order: Order,
    reason: Reason,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<Order, RequestError> {
    match (order.checkout, order.fulfilment) {
        (Checkout::Cancelled, _) => Ok(order),
        (Checkout::Pending, _) => {
            store::checkouts::wish_cancelled(connection, order.id, reason).await?;
            Ok(order)
        }
        (Checkout::Confirmed, Fulfilment::Waiting) => {
            let saga = store::checkouts::find_for_update(connection, order.id)
                .await?
                .ok_or(RequestError::CannotCancel)?
                .saga
                .recalled(reason);
            let told = told("recall", None);
            store::checkouts::replace(connection, order.id, &saga, &told, now).await?;
            take(
                connection,
                ids,
                order.because(reason),
                Step::Recall,
                actor,
                now,
            )
            .await
        }
        _ => Err(RequestError::CannotCancel),
    }
}

/// Sets a parked saga going again.
pub async fn retry(
    connection: &mut PgConnection,
    ids: &Ids,
    order: Order,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<Order, RequestError> {
    let saga = parked(connection, &order).await?.resumed();
    let told = told("retry", None);
    store::checkouts::replace(connection, order.id, &saga, &told, now).await?;
    take(connection, ids, order, Step::Resume, actor, now).await
}

/// Ends a parked saga that a person has undone by hand; `note` says how.
pub async fn settle(
    connection: &mut PgConnection,
    ids: &Ids,
    order: Order,
    note: &str,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<Order, RequestError> {
    let saga = parked(connection, &order).await?.settled_by_hand();
    let told = told("settle", Some(note));
    store::checkouts::replace(connection, order.id, &saga, &told, now).await?;
    take(connection, ids, order, Step::Settle, actor, now).await
}

async fn parked(connection: &mut PgConnection, order: &Order) -> Result<super::Saga, RequestError> {
    if order.checkout != Checkout::Manual {
        return Err(RequestError::NotParked);
    }
    let found = store::checkouts::find_for_update(connection, order.id).await?;
    Ok(found.ok_or(RequestError::NotParked)?.saga)
}

async fn take(
    connection: &mut PgConnection,
    ids: &Ids,
    order: Order,
    step: Step,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<Order, RequestError> {
    let (order, transition) = order.take(step, actor, now)?;
    let transitions = [transition];
    store::orders::update(connection, &order, &transitions).await?;
    outbox::append(connection, &events::of(&order, &transitions, ids)?).await?;
    Ok(order)
}

fn told(action: &'static str, note: Option<&str>) -> Told {
    Told {
        action,
        outcome: "done",
        note: note.map(str::to_owned),
    }
}
