//! `POST /v1/dead-letters/{id}/redrive`: an operator has an event handled that was given up.
//!
//! Invariant: the effect and the mark on the letter are one transaction, and the inbox admits the event once, so that
//! redriving again changes nothing.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dapr_kit::CloudEvent;
use outbox::dead::{self, DeadLetter};
use service::auth::Principal;
use service::extract::Path;
use service::problem::Problem;
use uuid::Uuid;

use crate::error::Error;
use crate::inbound::{self, OrderEvent};
use crate::state::App;

/// Why it was not handled.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// No letter has this id.
    #[error("no such letter")]
    NotFound,
    /// It is no event that this service can read: it never will be handled.
    #[error("the event can't be read: {0}")]
    Unreadable(serde_json::Error),
    /// Handling it failed.
    #[error(transparent)]
    Any(#[from] Error),
}

impl From<sqlx::Error> for RedriveError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
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
            RedriveError::Unreadable(_) => Self::new(
                StatusCode::CONFLICT,
                "dead-letter-unusable",
                "This event can't be handled",
            )
            .detail(error.to_string()),
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
    tracing::info!(user.id = principal.subject, letter.id = %id, "a dead letter was redriven");
    Ok(Json(letter))
}

/// Handles the letter's event as if it were delivered again.
pub async fn redrive(app: &App, id: Uuid) -> Result<DeadLetter, RedriveError> {
    let mut transaction = app.db.begin().await?;
    let letter = dead::find_for_update(&mut transaction, id).await?;
    let letter = letter.ok_or(RedriveError::NotFound)?;
    let event: CloudEvent<OrderEvent> =
        serde_json::from_value(letter.event).map_err(RedriveError::Unreadable)?;
    inbound::take(app, &mut transaction, &event).await?;
    dead::mark_redriven(&mut transaction, id, app.clock.now()).await?;
    let letter = dead::find_for_update(&mut transaction, id).await?;
    transaction.commit().await?;
    app.outbox.wake();
    letter.ok_or(RedriveError::NotFound)
}
