//! `POST /v1/returns/{return}/approval`: a manager lets a return go on that somebody else has asked for.
//!
//! Invariant: nobody lets the own wish go on; one decision per return.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use service::auth::Principal;
use service::database;
use service::extract::Path;
use service::failpoint;
use service::problem::Problem;
use sqlx::PgConnection;

use crate::error::Error;
use crate::ops::returns::View;
use crate::returns::{self, Return, ReturnId};
use crate::state::App;
use crate::store;
use crate::store::return_holds::Told;

/// Why it is not decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// It does not wait for anybody.
    #[error("the return does not wait")]
    NotWaiting,
    /// The caller has asked for it.
    #[error("the caller's own return")]
    Own,
    /// Not found, or the database failed.
    #[error(transparent)]
    Any(#[from] Error),
}

impl From<sqlx::Error> for DecideError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<DecideError> for Problem {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::NotWaiting => Self::new(
                StatusCode::CONFLICT,
                "not-waiting",
                "The return waits for nobody",
            ),
            DecideError::Own => Self::new(
                StatusCode::CONFLICT,
                "own-return",
                "Somebody else has to decide",
            ),
            DecideError::Any(error) => error.into(),
        }
    }
}

/// Answers 202 with the return, which goes on; 404 `return-not-found`, 409 `not-waiting` or `own-return`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<ReturnId>,
) -> Result<impl IntoResponse, Problem> {
    let it = approve(&app, &principal, id).await?;
    Ok((StatusCode::ACCEPTED, Json(View::for_staff(it))))
}

/// Lets the return go on.
pub async fn approve(
    app: &App,
    principal: &Principal,
    id: ReturnId,
) -> Result<Return, DecideError> {
    let now = app.clock.now();
    let mut transaction = database::begin(&app.db).await?;
    let it = undecided(&mut transaction, principal, id).await?;
    let told = Told::done(&principal.subject, "approve", None);
    store::return_holds::send_on(&mut transaction, id, &it.process(), told, now).await?;
    failpoint::reach("order.return_approve.before_commit");
    transaction.commit().await?;
    failpoint::reach("order.return_approve.after_commit");
    app.returns.wake();
    tracing::info!(return.id = %id.0, user.id = principal.subject, "a return was approved");
    Ok(Return {
        state: returns::State::Running,
        decided_by: Some(principal.subject.clone()),
        decided_at: Some(now),
        ..it
    })
}

/// The return, locked after its order, if it is `principal`'s to decide.
pub(super) async fn undecided(
    connection: &mut PgConnection,
    principal: &Principal,
    id: ReturnId,
) -> Result<Return, DecideError> {
    let seen = store::returns::find(connection, id)
        .await?
        .filter(|it| principal.works_at(it.store_id.0))
        .ok_or(Error::ReturnNotFound)?;
    // The order's row before the return's, as everywhere.
    store::orders::find_for_update(connection, seen.order_id).await?;
    let it = store::returns::find_for_update(connection, id)
        .await?
        .ok_or(Error::ReturnNotFound)?;
    if it.state != returns::State::Waiting {
        return Err(DecideError::NotWaiting);
    }
    if it.asked_by == principal.subject {
        return Err(DecideError::Own);
    }
    Ok(it)
}
