//! `GET /v1/dead-letters`: the events that were given up, newest first, for operators.

use axum::Json;
use axum::extract::State;
use outbox::dead::{self, DeadLetter};
use service::extract::Query;
use service::page::{Page, PageQuery};
use service::problem::Problem;
use uuid::Uuid;

use crate::error::Error;
use crate::state::App;

/// Answers 200 with one page.
pub async fn handler(
    State(app): State<App>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<DeadLetter>>, Problem> {
    let limit = page.limit()?;
    let before = page.cursor()?.map(|cursor| cursor.0);
    let letters = dead_letters(&app, before, limit + 1).await?;
    Ok(Json(Page::cut(letters, limit, |letter| letter.id)))
}

/// At most `limit` letters, kept before the letter `before`.
pub async fn dead_letters(
    app: &App,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<DeadLetter>, Error> {
    let mut connection = app.db.acquire().await?;
    Ok(dead::list(&mut connection, before, limit).await?)
}
