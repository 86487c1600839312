//! `GET /v1/returns`: the returns that could not go on by themselves, for operators.

use axum::Json;
use axum::extract::State;
use service::extract::Query;
use service::page::{Page, PageQuery};
use service::problem::Problem;
use uuid::Uuid;

use crate::error::Error;
use crate::ops::returns::View;
use crate::returns::Return;
use crate::state::App;
use crate::store;

/// Answers 200 with one page, oldest first.
pub async fn handler(
    State(app): State<App>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<View>>, Problem> {
    let limit = page.limit()?;
    let after = page.cursor()?.map(|cursor| cursor.0);
    let manual = manual(&app, after, limit + 1).await?;
    let shown = manual.into_iter().map(View::for_staff).collect();
    Ok(Json(Page::cut(shown, limit, |it| it.id.0)))
}

/// At most `limit` returns in the queue, asked for after the return `after`.
pub async fn manual(app: &App, after: Option<Uuid>, limit: i64) -> Result<Vec<Return>, Error> {
    let mut connection = app.db.acquire().await?;
    Ok(store::returns::manual(&mut connection, after, limit).await?)
}
