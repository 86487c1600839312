//! `GET /v1/dead-letters`: events that were given up, newest first.

use axum::Json;
use axum::extract::State as Shared;
use outbox::dead::{self, DeadLetter};
use service::extract::Query;
use service::page::{Page, PageQuery};
use service::problem::Problem;

use crate::error::Error;
use crate::state::App;

/// Answers 200 with a page of letters, or 422 `invalid-query`.
pub async fn handler(
    Shared(app): Shared<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DeadLetter>>, Problem> {
    let (limit, cursor) = (query.limit()?, query.cursor()?);
    let mut connection = app.db.acquire().await.map_err(Error::from)?;
    let letters = dead::list(&mut connection, cursor.map(|cursor| cursor.0), limit + 1)
        .await
        .map_err(Error::from)?;
    Ok(Json(Page::cut(letters, limit, |letter| letter.id)))
}
