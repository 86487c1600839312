//! `PUT /v1/returns/{return}`: goods of an order that was handed over came back.
//!
//! Invariant: a return moves stock once, however often and however late it is asked for, and no more of an item than its
//! order bought: the order's reservation is locked from looking to storing.

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
use crate::ops::release::given_back;
use crate::reservation::{OrderId, Status};
use crate::returned::{Back, ReturnId, ReturnedLines, Summary, is_covered};
use crate::state::App;
use crate::stock::{Kind, Movement, Posting};
use crate::store::levels::Guard;
use crate::store::{levels, reservations, returns};

/// The body.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeBack {
    /// Of which order.
    pub order_id: OrderId,
    /// What came back.
    pub lines: ReturnedLines,
}

/// Why nothing moved.
#[derive(Debug, thiserror::Error)]
pub enum TakeBackError {
    /// The order never bought anything here.
    #[error("the order has no reservation")]
    Unknown,
    /// What the order holds is not sold, or was given back as a whole.
    #[error("the order's stock is not sold")]
    NotSold,
    /// More would come back than was sold.
    #[error("more would come back than the order bought")]
    Exceeds,
    /// The return was stored as another one before.
    #[error("the return was another one before")]
    Differs,
    /// The database failed.
    #[error(transparent)]
    Any(#[from] Error),
}

impl From<sqlx::Error> for TakeBackError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<serde_json::Error> for TakeBackError {
    fn from(error: serde_json::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<TakeBackError> for Problem {
    fn from(error: TakeBackError) -> Self {
        match error {
            TakeBackError::Unknown => Self::new(
                StatusCode::NOT_FOUND,
                "reservation-not-found",
                "The order has no reservation",
            ),
            TakeBackError::NotSold => Self::new(
                StatusCode::CONFLICT,
                "not-sold",
                "The order's stock is not sold",
            ),
            TakeBackError::Exceeds => Self::new(
                StatusCode::CONFLICT,
                "return-exceeds-sale",
                "More would come back than the order bought",
            ),
            TakeBackError::Differs => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "return-differs",
                "The return began with another request",
            ),
            TakeBackError::Any(error) => error.into(),
        }
    }
}

/// Answers 200 with the return; 404 `reservation-not-found`, 409 `not-sold` or `return-exceeds-sale`, 422
/// `return-differs`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<ReturnId>,
    extract::Json(command): extract::Json<TakeBack>,
) -> Result<Json<Summary>, Problem> {
    take_back(&app, &principal.subject, id, &command).await?;
    Ok(Json(Summary {
        return_id: id,
        order_id: command.order_id,
    }))
}

/// Books what came back, once per return.
pub async fn take_back(
    app: &App,
    actor: &str,
    id: ReturnId,
    command: &TakeBack,
) -> Result<(), TakeBackError> {
    let fingerprint = Fingerprint::of(command)?;
    let order = command.order_id;
    let mut transaction = database::begin(&app.db).await?;
    let reservation = reservations::find_for_update(&mut transaction, order)
        .await?
        .ok_or(TakeBackError::Unknown)?;
    if let Some(earlier) = returns::fingerprint(&mut transaction, id).await? {
        return if earlier == fingerprint.as_ref() {
            Ok(())
        } else {
            Err(TakeBackError::Differs)
        };
    }
    let (Status::Committed, Some(claim)) = (reservation.status, &reservation.claim) else {
        return Err(TakeBackError::NotSold);
    };
    let back = command.lines.back(&app.recipes);
    let before = returns::of_order(&mut transaction, order).await?;
    if !is_covered(&reservation.portions, &before, &back) {
        return Err(TakeBackError::Exceeds);
    }
    let now = app.clock.now();
    returns::insert(&mut transaction, id, order, &fingerprint, &back, now).await?;
    let posting = Posting {
        store_id: claim.store_id,
        order_id: Some(order),
        return_id: Some(id),
        actor: actor.to_owned(),
        at: now,
        movements: movements(app, &back),
    };
    given_back(&levels::post(&mut transaction, &posting, Guard::On).await?)?;
    failpoint::reach("inventory.return.before_commit");
    transaction.commit().await?;
    failpoint::reach("inventory.return.after_commit");
    metrics::counter!("crema_returns_taken_back_total").increment(1);
    tracing::info!(order.id = %order.0, return.id = %id.0, "goods came back");
    Ok(())
}

/// All of it comes back into stock; what is thrown away leaves it in the same breath.
fn movements(app: &App, back: &[Back]) -> Vec<Movement> {
    let movement = |it: &Back, kind, quantity| Movement {
        id: app.ids.next(),
        item_id: it.item_id,
        kind,
        quantity,
        reason: None,
    };
    let restocked = back
        .iter()
        .map(|it| movement(it, Kind::Restock, it.quantity));
    let wasted = back.iter().filter(|it| it.wasted > 0);
    let wasted = wasted.map(|it| movement(it, Kind::Waste, it.wasted));
    restocked.chain(wasted).collect()
}
