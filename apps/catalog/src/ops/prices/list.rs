//! `GET /v1/stores/{store}/prices`: a store's price list, a page at a time, by the items' ids.
//!
//! Invariant: what is not sold there is in it too, without a price.

use axum::Json;
use axum::extract::State;
use service::auth::Principal;
use service::extract::{Path, Query};
use service::page::{Page, PageQuery};
use service::problem::Problem;
use uuid::Uuid;

use crate::access::currency_at;
use crate::error::Error;
use crate::menu::StoreId;
use crate::price::Price;
use crate::state::App;
use crate::store::prices;

/// Answers 200 with one page, or 404 `store-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Price>>, Problem> {
    let limit = page.limit()?;
    let after = page.cursor()?.map(|cursor| cursor.0);
    let found = list(&app, &principal, store, after, limit + 1).await?;
    Ok(Json(Page::cut(found, limit, |it| it.item_id)))
}

async fn list(
    app: &App,
    principal: &Principal,
    store: StoreId,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Price>, Error> {
    let mut db = app.db.acquire().await?;
    let currency = currency_at(&mut db, principal, store).await?;
    let now = app.clock.now();
    Ok(prices::page(&mut db, store, currency, now, after, limit).await?)
}
