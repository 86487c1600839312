//! `POST /v1/returns/{return}/rejection`: a manager does not let a return go on, and says why.
//!
//! Invariant: what a rejected return would have brought back is free for another one.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use service::auth::Principal;
use service::database;
use service::extract::{self, Path};
use service::failpoint;
use service::problem::Problem;

use crate::ops::returns::View;
use crate::ops::returns::approve::{DecideError, undecided};
use crate::ops::settle::Note;
use crate::returns::{self, Return, ReturnId};
use crate::state::App;
use crate::store;
use crate::store::return_holds::Told;

/// The body.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// Why not.
    pub note: Note,
}

/// Answers 200 with the return, which is over; 404 `return-not-found`, 409 `not-waiting` or `own-return`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<ReturnId>,
    extract::Json(rejection): extract::Json<Rejection>,
) -> Result<Json<View>, Problem> {
    let it = reject(&app, &principal, id, &rejection.note).await?;
    Ok(Json(View::for_staff(it)))
}

/// Ends the return with nothing given and nothing taken back.
pub async fn reject(
    app: &App,
    principal: &Principal,
    id: ReturnId,
    note: &Note,
) -> Result<Return, DecideError> {
    let now = app.clock.now();
    let mut transaction = database::begin(&app.db).await?;
    let it = undecided(&mut transaction, principal, id).await?;
    let told = Told::done(&principal.subject, "reject", Some(note.text()));
    store::return_holds::reject(&mut transaction, &it, told, now).await?;
    failpoint::reach("order.return_reject.before_commit");
    transaction.commit().await?;
    failpoint::reach("order.return_reject.after_commit");
    tracing::info!(return.id = %id.0, user.id = principal.subject, "a return was rejected");
    Ok(Return {
        state: returns::State::Rejected,
        decided_by: Some(principal.subject.clone()),
        decided_at: Some(now),
        ended_at: Some(now),
        ..it
    })
}
