//! `GET /v1/stores/{store}/tickets`: what a store has to make, by when it is due, for its staff.

use axum::Json;
use axum::extract::State;
use service::auth::Principal;
use service::extract::{Path, Query};
use service::page::{MOST, Page, PageQuery};
use service::problem::Problem;
use uuid::Uuid;

use crate::access;
use crate::error::Error;
use crate::order::{Order, StoreId};
use crate::state::App;
use crate::store;

/// Answers 200 with one page of open orders, of 100 if the caller does not say, or 404 `store-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Order>>, Problem> {
    page(&app, &principal, store, &query).await.map(Json)
}

/// One page of a store's open orders.
pub async fn page(
    app: &App,
    principal: &Principal,
    store: StoreId,
    query: &PageQuery,
) -> Result<Page<Order>, Problem> {
    // A board wants all there is, and a store seldom has more than one page.
    let limit = query.limit.map_or(Ok(MOST), |_| query.limit())?;
    let after = query.cursor()?.map(|cursor| cursor.0);
    let orders = tickets(app, principal, store, after, limit + 1).await?;
    Ok(Page::cut(orders, limit, |order| order.id.0))
}

/// At most `limit` open orders of `store`, due after the order `after`.
pub async fn tickets(
    app: &App,
    principal: &Principal,
    store: StoreId,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Order>, Error> {
    if !access::is_staff_of(principal, store) {
        return Err(Error::StoreNotFound);
    }
    let mut connection = app.db.acquire().await?;
    Ok(store::orders::open_at(&mut connection, store, after, limit).await?)
}
