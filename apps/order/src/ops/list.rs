//! `GET /v1/orders`: the caller's own orders, newest first.

use axum::Json;
use axum::extract::State;
use service::auth::Principal;
use service::extract::Query;
use service::page::{Page, PageQuery};
use service::problem::Problem;
use uuid::Uuid;

use crate::error::Error;
use crate::order::{CustomerId, Order};
use crate::state::App;
use crate::store;

/// Answers 200 with one page; whoever is no person has no orders.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Order>>, Problem> {
    page(&app, &principal, &query).await.map(Json)
}

/// One page of the caller's own orders.
pub async fn page(
    app: &App,
    principal: &Principal,
    query: &PageQuery,
) -> Result<Page<Order>, Problem> {
    let limit = query.limit()?;
    let before = query.cursor()?.map(|cursor| cursor.0);
    let Some(customer) = principal.user_id().map(CustomerId) else {
        return Ok(Page::whole(Vec::new()));
    };
    let orders = list(app, customer, before, limit + 1).await?;
    Ok(Page::cut(orders, limit, |order| order.id.0))
}

/// At most `limit` orders of `customer`, placed before the order `before`.
pub async fn list(
    app: &App,
    customer: CustomerId,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Order>, Error> {
    let mut connection = app.db.acquire().await?;
    Ok(store::orders::of_customer(&mut connection, customer, before, limit).await?)
}
