//! `GET /v1/reconciliations`: all of them, newest first.

use axum::Json;
use axum::extract::State as Shared;
use service::extract::Query;
use service::page::{Page, PageQuery};
use service::problem::Problem;
use uuid::Uuid;

use crate::error::Error;
use crate::state::App;
use crate::store;
use crate::store::reconciliations::Reconciliation;

/// Answers 200 with one page.
pub async fn handler(
    Shared(app): Shared<App>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Reconciliation>>, Problem> {
    let (limit, before) = (page.limit()?, page.cursor()?.map(|cursor| cursor.0));
    let items = list(&app, before, limit + 1).await?;
    Ok(Json(Page::cut(items, limit, |one| one.reconciliation_id.0)))
}

/// At most `limit` of them, older than `before`.
pub async fn list(
    app: &App,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Reconciliation>, Error> {
    let mut connection = app.db.acquire().await?;
    Ok(store::reconciliations::list(&mut connection, before, limit).await?)
}
