//! `POST /v1/returns/{return}/retry`: an operator sets a parked return going again, once what stopped it is mended.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use service::auth::Principal;
use service::extract::Path;
use service::problem::Problem;

use crate::ops::returns::View;
use crate::ops::returns::settle::{SettleError, send_on};
use crate::returns::process::Process;
use crate::returns::{Return, ReturnId};
use crate::state::App;
use crate::store::return_holds::Told;

/// Answers 202 with the return as it stands; 404 `return-not-found`, 409 `not-parked`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<ReturnId>,
) -> Result<impl IntoResponse, Problem> {
    let it = retry(&app, &principal, id).await?;
    Ok((StatusCode::ACCEPTED, Json(View::for_staff(it))))
}

/// Lets the return go on where it stopped.
pub async fn retry(app: &App, principal: &Principal, id: ReturnId) -> Result<Return, SettleError> {
    let told = Told::done(&principal.subject, "retry", None);
    send_on(app, id, Process::resumed, told).await
}
