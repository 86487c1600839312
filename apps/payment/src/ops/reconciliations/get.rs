//! `GET /v1/reconciliations/{id}`: what came of one.

use axum::Json;
use axum::extract::State as Shared;
use service::extract::Path;
use service::problem::Problem;

use crate::error::Error;
use crate::reconcile::ReconciliationId;
use crate::state::App;
use crate::store;
use crate::store::reconciliations::Reconciliation;

/// Answers 200 with the reconciliation, or 404 `reconciliation-not-found`.
pub async fn handler(
    Shared(app): Shared<App>,
    Path(id): Path<ReconciliationId>,
) -> Result<Json<Reconciliation>, Problem> {
    Ok(Json(get(&app, id).await?))
}

/// The reconciliation.
pub async fn get(app: &App, id: ReconciliationId) -> Result<Reconciliation, Error> {
    let mut connection = app.db.acquire().await?;
    let found = store::reconciliations::find(&mut connection, id).await?;
    found.ok_or(Error::ReconciliationNotFound)
}
