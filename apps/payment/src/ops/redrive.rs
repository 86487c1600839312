//! `POST /v1/dead-letters/{id}/redrive`: an event that was given up is handled after all.
//!
//! Invariant: it goes the way that a delivery goes, in one transaction with the note that it was redriven; the inbox
//! sees to it that what had an effect before has none again.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use dapr_kit::CloudEvent;
use outbox::dead::{self, DeadLetter};
use serde::Deserialize as _;
use serde_json::Value;
use service::auth::Principal;
use service::extract::Path;
use service::problem::Problem;
use uuid::Uuid;

use crate::inbound::ORDER_COMPLETED;
use crate::ops::order_completed::{self, ConsumeError, Unusable};
use crate::state::App;

/// Why a letter stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// No such letter.
    #[error("no such dead letter")]
    NotFound,
    /// It can't be handled now either.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
}

impl From<sqlx::Error> for RedriveError {
    fn from(error: sqlx::Error) -> Self {
        Self::Consume(error.into())
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
            RedriveError::Consume(error) => error.into(),
        }
    }
}

/// Answers 200 with the letter; 404 `dead-letter-not-found`, 409 `dead-letter-unusable`.
pub async fn handler(
    Shared(app): Shared<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<Json<DeadLetter>, Problem> {
    let letter = redrive(&app, id).await?;
    tracing::info!(user.id = principal.subject, dead_letter.id = %id, "a dead letter was redriven");
    Ok(Json(letter))
}

/// Handles the letter's event and notes it.
pub async fn redrive(app: &App, id: Uuid) -> Result<DeadLetter, RedriveError> {
    let mut transaction = app.db.begin().await?;
    let letter = dead::find_for_update(&mut transaction, id)
        .await?
        .ok_or(RedriveError::NotFound)?;
    let event = CloudEvent::<Value>::deserialize(&letter.event)
        .map_err(|error| ConsumeError::from(Unusable::from(error)))?;
    if event.kind == ORDER_COMPLETED {
        order_completed::book(app, &mut transaction, &event).await?;
    }
    dead::mark_redriven(&mut transaction, id, app.clock.now()).await?;
    let letter = dead::find_for_update(&mut transaction, id)
        .await?
        .ok_or(RedriveError::NotFound)?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(letter)
}
