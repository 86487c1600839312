//! `DELETE /v1/sales`: an operator drops the read model, to have it filled again from the topic (`./run.sh replay`).

use axum::extract::State;
use axum::http::StatusCode;
use service::auth::Principal;
use service::problem::Problem;

use crate::error::Error;
use crate::state::App;
use crate::store;

/// Answers 204.
pub async fn handler(State(app): State<App>, principal: Principal) -> Result<StatusCode, Problem> {
    clear(&app).await?;
    tracing::warn!(user.id = principal.subject, "the sales were dropped");
    Ok(StatusCode::NO_CONTENT)
}

/// Drops it. What arrives meanwhile may be in it already.
pub async fn clear(app: &App) -> Result<(), Error> {
    let mut connection = app.db.acquire().await?;
    Ok(store::sales::clear(&mut connection).await?)
}
