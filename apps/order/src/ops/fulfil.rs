//! `POST /v1/orders/{id}/fulfilment`: staff brings an order one step further.
//!
//! Invariant: the order's row is locked from reading its version to the commit, so of two edits of one version one wins.
//! What is brought waits for its courier, and is handed over by it.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::Deserialize;
use service::auth::Principal;
use service::database;
use service::etag;
use service::extract::{Json, Path};
use service::problem::Problem;

use crate::access;
use crate::delivery::HeldUp;
use crate::error::Error;
use crate::events;
use crate::lifecycle::{Fulfilment, IllegalStep, Step};
use crate::order::{Order, OrderId};
use crate::state::App;
use crate::store;

/// The body.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The status to reach, one step from the present one.
    pub status: Fulfilment,
}

/// Why the order stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum FulfilError {
    /// Not found, or the database failed.
    #[error(transparent)]
    Any(#[from] Error),
    /// The caller has seen another version.
    #[error("the order is no longer at the expected version")]
    Stale,
    /// The order does not stand one step before the target.
    #[error("an order in `{}` can't go to `{}` now", .from.name(), .target.name())]
    Illegal {
        /// Its status.
        from: Fulfilment,
        /// The wanted one.
        target: Fulfilment,
    },
    /// It is brought, and its courier comes first.
    #[error(transparent)]
    HeldUp(#[from] HeldUp),
    /// The transition table and this operation disagree.
    #[error(transparent)]
    Step(#[from] IllegalStep),
    /// An event can't be written as JSON.
    #[error("an event can't be written")]
    Encode(#[from] serde_json::Error),
}

impl From<sqlx::Error> for FulfilError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<FulfilError> for Problem {
    fn from(error: FulfilError) -> Self {
        match error {
            FulfilError::Any(error) => error.into(),
            FulfilError::Stale => etag::stale(),
            FulfilError::Illegal { .. } => Self::new(
                StatusCode::CONFLICT,
                "illegal-transition",
                "The order can't take this step now",
            )
            .detail(error.to_string())
            .field("/status", "is not the next status"),
            FulfilError::HeldUp(why) => why.into(),
            FulfilError::Step(_) | FulfilError::Encode(_) => Self::internal(&error),
        }
    }
}

/// Answers 200 with the order; 404 `order-not-found`, 409 `illegal-transition`, `courier-awaited` or `courier-delivers`,
/// 412 `stale-version`, 428 without `If-Match`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
    headers: HeaderMap,
    Json(target): Json<Target>,
) -> Result<impl IntoResponse, Problem> {
    let expected = etag::expected_version(&headers)?;
    let order = fulfil(&app, &principal, id, expected, target.status).await?;
    let etag = etag::header(etag::of_version(order.version));
    Ok(([etag], axum::Json(order)))
}

/// Brings the order to `target`; handing it over settles it too.
pub async fn fulfil(
    app: &App,
    principal: &Principal,
    id: OrderId,
    expected: i64,
    target: Fulfilment,
) -> Result<Order, FulfilError> {
    let mut transaction = database::begin(&app.db).await?;
    let order = store::orders::find_for_update(&mut transaction, id)
        .await?
        .filter(|order| access::is_staff_of(principal, order.store_id))
        .ok_or(Error::OrderNotFound)?;
    if order.version != expected {
        return Err(FulfilError::Stale);
    }
    let (now, actor) = (app.clock.now(), principal.subject.as_str());
    let from = order.fulfilment;
    let illegal = FulfilError::Illegal { from, target };
    let Some(step) = Step::towards(target) else {
        return Err(illegal);
    };
    let (mut order, taken) = order.take(step, actor, now).map_err(|_| illegal)?;
    if let Some(why) = order.delivery.and_then(|delivery| delivery.holds_up(step)) {
        return Err(why.into());
    }
    let mut transitions = vec![taken];
    if step == Step::HandOver {
        // Paid at the counter in the same moment.
        let (settled, completed) = order.take(Step::Complete, actor, now)?;
        order = settled;
        transitions.push(completed);
    }
    store::orders::update(&mut transaction, &order, &transitions).await?;
    outbox::append(
        &mut transaction,
        &events::of(&order, &transitions, &app.ids)?,
    )
    .await?;
    transaction.commit().await?;
    app.outbox.wake();
    tracing::info!(order.id = %order.id.0, order.fulfilment = ?order.fulfilment, "an order has moved on");
    Ok(order)
}
