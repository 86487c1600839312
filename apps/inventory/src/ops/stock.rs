//! `GET /v1/stores/{store}/stock`: what a store has, for its staff.

use axum::Json;
use axum::extract::State;
use service::auth::Principal;
use service::extract::{Path, Query};
use service::page::{Page, PageQuery};
use service::problem::Problem;
use uuid::Uuid;

use crate::access::staff_of;
use crate::error::Error;
use crate::state::App;
use crate::stock::{Level, StoreId};
use crate::store::levels;

/// Answers 200 with one page of levels, items ascending, or 404 `store-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Level>>, Problem> {
    let limit = page.limit()?;
    let after = page.cursor()?.map(|cursor| cursor.0);
    let stock = stock(&app, &principal, store, after, limit + 1).await?;
    Ok(Json(Page::cut(stock, limit, |level| level.item_id.0)))
}

/// At most `limit` levels of `store` after the item `after`.
pub async fn stock(
    app: &App,
    principal: &Principal,
    store: StoreId,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Level>, Error> {
    staff_of(principal, store)?;
    let mut connection = app.db.acquire().await?;
    Ok(levels::list(&mut connection, store, None, after, limit).await?)
}
