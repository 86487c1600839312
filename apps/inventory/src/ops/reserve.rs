//! `PUT /v1/reservations/{order}`: holds all that an order takes, or nothing.
//!
//! Invariant: the reservation's row is inserted before any stock is taken and in the same transaction, so an order takes
//! once, and one that was released, even before it came here, takes nothing.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::auth::Principal;
use service::database;
use service::extract::{self, Path};
use service::failpoint;
use service::idempotency::Fingerprint;
use service::problem::Problem;

use crate::error::Error;
use crate::events;
use crate::recipe::Lines;
use crate::reservation::{OrderId, Reservation, Status, Summary};
use crate::state::App;
use crate::stock::{Kind, Movement, Portion, Posting, StoreId};
use crate::store::levels::{Guard, Posted};
use crate::store::{levels, reservations};

/// The body.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reserve {
    /// Where.
    pub store_id: StoreId,
    /// For what.
    pub lines: Lines,
}

/// Why nothing was taken.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// Not enough for the lines at these places.
    #[error("not enough for the lines {0:?}")]
    SoldOut(Vec<usize>),
    /// The order was released, or its hold has expired.
    #[error("the order's reservation is over")]
    Over,
    /// The order has a reservation for something else.
    #[error("the order has another reservation")]
    Differs,
    /// The database failed.
    #[error(transparent)]
    Any(#[from] Error),
}

impl From<sqlx::Error> for ReserveError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<serde_json::Error> for ReserveError {
    fn from(error: serde_json::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<ReserveError> for Problem {
    fn from(error: ReserveError) -> Self {
        match error {
            ReserveError::SoldOut(lines) => {
                let problem = Self::new(
                    StatusCode::CONFLICT,
                    "sold-out",
                    "The store can't make all of the order",
                );
                lines.into_iter().fold(problem, |problem, line| {
                    problem.field(&format!("/lines/{line}"), "there is not enough left for it")
                })
            }
            ReserveError::Over => Self::new(
                StatusCode::CONFLICT,
                "reservation-over",
                "The order's reservation has ended",
            ),
            ReserveError::Differs => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "reservation-differs",
                "The order has a reservation for something else",
            ),
            ReserveError::Any(error) => error.into(),
        }
    }
}

/// Answers 200 with the reservation; 409 `sold-out` or `reservation-over`, 422 `reservation-differs`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(order): Path<OrderId>,
    extract::Json(command): extract::Json<Reserve>,
) -> Result<Json<Summary>, Problem> {
    let reservation = reserve(&app, &principal.subject, order, &command).await?;
    Ok(Json(Summary::from(&reservation)))
}

/// Takes what the lines need, once per order: later calls with the same command find it taken.
pub async fn reserve(
    app: &App,
    actor: &str,
    order: OrderId,
    command: &Reserve,
) -> Result<Reservation, ReserveError> {
    let fingerprint = Fingerprint::of(command)?;
    let needs = app.recipes.needs(&command.lines);
    let now = app.clock.now();
    let reservation = Reservation::hold(order, command.store_id, fingerprint, needs.total(), now);
    let posting = Posting {
        store_id: command.store_id,
        order_id: Some(order),
        return_id: None,
        actor: actor.to_owned(),
        at: now,
        movements: movements(app, Kind::Reservation, &reservation.portions),
    };
    let guard = if failpoint::mutated("stock_guard") {
        Guard::Off
    } else {
        Guard::On
    };

    let mut transaction = database::begin(&app.db).await?;
    if !reservations::insert(&mut transaction, &reservation, now).await? {
        let earlier = reservations::find(&mut transaction, order).await?;
        return again(earlier.ok_or(sqlx::Error::RowNotFound)?, &fingerprint);
    }
    if let Posted::Nothing(available) = levels::post(&mut transaction, &posting, guard).await? {
        transaction.rollback().await?;
        return Err(ReserveError::SoldOut(needs.short(available)));
    }
    let told = events::of_reservation(&reservation, &app.ids, now).transpose()?;
    outbox::append(&mut transaction, told.as_slice()).await?;
    failpoint::reach("inventory.reserve.before_commit");
    transaction.commit().await?;
    failpoint::reach("inventory.reserve.after_commit");
    app.outbox.wake();
    metrics::counter!("crema_reservations_held_total").increment(1);
    Ok(reservation)
}

/// What a repeated command is answered.
fn again(earlier: Reservation, fingerprint: &Fingerprint) -> Result<Reservation, ReserveError> {
    match (earlier.status, &earlier.claim) {
        (Status::Released | Status::Expired, _) | (_, None) => Err(ReserveError::Over),
        (_, Some(claim)) if claim.fingerprint != *fingerprint => Err(ReserveError::Differs),
        (Status::Held | Status::Committed, Some(_)) => Ok(earlier),
    }
}

/// A movement of `kind` for each portion.
#[must_use]
pub fn movements(app: &App, kind: Kind, portions: &[Portion]) -> Vec<Movement> {
    let movement = |portion: &Portion| Movement {
        id: app.ids.next(),
        item_id: portion.item_id,
        kind,
        quantity: portion.quantity,
        reason: None,
    };
    portions.iter().map(movement).collect()
}
