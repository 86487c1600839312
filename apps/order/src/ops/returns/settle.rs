//! `POST /v1/returns/{return}/settle`: an operator has done a parked return's step by other means, and says how.
//!
//! Invariant: only the step that it stopped at counts as done; what comes after it is done as ever. No step is settled
//! without a note, which stays in the return's history.

use axum::Json;
use axum::extract::State;
use service::auth::Principal;
use service::database;
use service::extract::{self, Path};
use service::failpoint;
use service::problem::Problem;

use crate::checkout::RequestError;
use crate::error::Error;
use crate::ops::returns::View;
use crate::ops::settle::{Note, Settlement};
use crate::returns::process::Process;
use crate::returns::{Return, ReturnId};
use crate::state::App;
use crate::store;
use crate::store::return_holds::Told;

/// Why the return stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// Not found, or the database failed.
    #[error(transparent)]
    Any(#[from] Error),
    /// It is not parked.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl From<sqlx::Error> for SettleError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<SettleError> for Problem {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::Any(error) => error.into(),
            SettleError::Request(error) => error.into(),
        }
    }
}

/// Answers 200 with the return, which goes on; 404 `return-not-found`, 409 `not-parked`, 422 without a usable note.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<ReturnId>,
    extract::Json(settlement): extract::Json<Settlement>,
) -> Result<Json<View>, Problem> {
    let it = settle(&app, &principal, id, &settlement.note).await?;
    Ok(Json(View::for_staff(it)))
}

/// Calls the step done that the return stopped at.
pub async fn settle(
    app: &App,
    principal: &Principal,
    id: ReturnId,
    note: &Note,
) -> Result<Return, SettleError> {
    let told = Told::done(&principal.subject, "settle", Some(note.text()));
    send_on(app, id, Process::settled, told).await
}

/// Sends a parked return on its way, from where `change` puts it.
pub(super) async fn send_on(
    app: &App,
    id: ReturnId,
    change: fn(Process) -> Process,
    told: Told<'_>,
) -> Result<Return, SettleError> {
    let now = app.clock.now();
    let mut transaction = database::begin(&app.db).await?;
    let it = store::returns::find_for_update(&mut transaction, id)
        .await?
        .ok_or(Error::ReturnNotFound)?;
    let parked = store::return_holds::parked(&mut transaction, &it).await?;
    let process = change(parked.ok_or(RequestError::NotParked)?);
    store::return_holds::send_on(&mut transaction, id, &process, told, now).await?;
    reach(told.action, "before_commit");
    transaction.commit().await?;
    reach(told.action, "after_commit");
    app.returns.wake();
    tracing::info!(return.id = %id.0, user.id = told.actor, action = told.action, "a parked return goes on");
    Ok(it.at(process.phase))
}

/// A place where a test may kill this process.
fn reach(action: &str, place: &str) {
    failpoint::reach(&format!("order.return_{action}.{place}"));
}
