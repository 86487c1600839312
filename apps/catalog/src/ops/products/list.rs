//! `GET /v1/products`: all products, a page at a time, by id.

use axum::Json;
use axum::extract::State;
use service::extract::Query;
use service::page::{Page, PageQuery};
use service::problem::Problem;

use crate::error::Error;
use crate::product::Product;
use crate::state::App;
use crate::store::products;

/// Answers 200 with one page.
pub async fn handler(
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Product>>, Problem> {
    page(&app, &query).await.map(Json)
}

/// One page.
pub async fn page(app: &App, query: &PageQuery) -> Result<Page<Product>, Problem> {
    let limit = query.limit()?;
    let after = query.cursor()?.map(|cursor| cursor.0);
    let mut db = app.db.acquire().await.map_err(Error::from)?;
    let found = products::page(&mut db, after, limit + 1)
        .await
        .map_err(Error::from)?;
    Ok(Page::cut(found, limit, |it| it.id.0))
}
