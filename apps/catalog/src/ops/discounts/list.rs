//! `GET /v1/discounts`: the codes of all stores and of the caller's own, a page at a time, by id.

use axum::Json;
use axum::extract::State;
use service::auth::Principal;
use service::extract::Query;
use service::page::{Page, PageQuery};
use service::problem::Problem;

use crate::discount::Discount;
use crate::error::Error;
use crate::state::App;
use crate::store::discounts;

/// Answers 200 with one page.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Discount>>, Problem> {
    let limit = page.limit()?;
    let after = page.cursor()?.map(|cursor| cursor.0);
    let mut db = app.db.acquire().await.map_err(Error::from)?;
    let found = discounts::page(&mut db, &principal.stores, after, limit + 1)
        .await
        .map_err(Error::from)?;
    Ok(Json(Page::cut(found, limit, |it| it.id.0)))
}
