//! `POST /v1/dead-letters/{id}/redrive`: an operator has an event handled that was given up.
//!
//! Invariant: the event's effect and the letter's mark are one transaction, and a letter that is marked is not handled
//! again.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dapr_kit::CloudEvent;
use outbox::dead::{self, DeadLetter};
use serde::Deserialize as _;
use serde_json::Value;
use service::auth::Principal;
use service::extract::Path;
use service::problem::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::Error;
use crate::inbound::{EventError, INVENTORY, PAYMENT};
use crate::ops::{on_inventory, on_payment};
use crate::state::App;

/// Why a letter stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// No such letter.
    #[error("no such dead letter")]
    NotFound,
    /// The event can't be handled now either.
    #[error("the event still can't be handled: {0}")]
    InVain(String),
    /// The database failed.
    #[error(transparent)]
    Any(#[from] Error),
}

impl From<sqlx::Error> for RedriveError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<EventError> for RedriveError {
    fn from(error: EventError) -> Self {
        match error {
            EventError::Poison(error) => Self::InVain(error.to_string()),
            EventError::Any(error) => Self::Any(error),
        }
    }
}

impl From<RedriveError> for Problem {
    fn from(error: RedriveError) -> Self {
        match error {
            RedriveError::NotFound => Self::new(
                StatusCode::NOT_FOUND,
                "dead-letter-not-found",
                "There is no such dead letter",
            ),
            RedriveError::InVain(why) => Self::new(
                StatusCode::CONFLICT,
                "dead-letter-unusable",
                "The event still can't be handled",
            )
            .detail(why),
            RedriveError::Any(error) => error.into(),
        }
    }
}

/// Answers 200 with the letter; 404 `dead-letter-not-found`, 409 `dead-letter-unusable`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<Json<DeadLetter>, Problem> {
    let letter = redrive(&app, id).await?;
    tracing::info!(letter.id = %id, user.id = principal.subject, "a dead letter was redriven");
    Ok(Json(letter))
}

/// Handles the letter's event as if it had just been delivered, once.
pub async fn redrive(app: &App, id: Uuid) -> Result<DeadLetter, RedriveError> {
    let mut transaction = app.db.begin().await?;
    let mut letter = dead::find_for_update(&mut transaction, id)
        .await?
        .ok_or(RedriveError::NotFound)?;
    if letter.redriven_at.is_none() {
        handle(&mut transaction, &letter.event).await?;
        let now = app.clock.now();
        dead::mark_redriven(&mut transaction, id, now).await?;
        transaction.commit().await?;
        letter.redriven_at = Some(now);
    }
    Ok(letter)
}

async fn handle(connection: &mut PgConnection, event: &Value) -> Result<(), RedriveError> {
    let event = CloudEvent::<Value>::deserialize(event).map_err(EventError::from)?;
    match event.source.as_str() {
        PAYMENT => Ok(on_payment::handle(connection, event).await?),
        INVENTORY => Ok(on_inventory::handle(connection, event).await?),
        other => Err(RedriveError::InVain(format!(
            "nothing is expected from `{other}`"
        ))),
    }
}
