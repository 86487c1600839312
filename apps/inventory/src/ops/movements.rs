//! `GET /v1/stores/{store}/stock/{item}/movements`: how a level came about, newest first, for the store's staff.

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
use crate::stock::{ItemId, StoreId};
use crate::store::levels::{self, MovementEntry};

/// Answers 200 with one page of movements, or 404 `store-not-found` or `item-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path((store, item)): Path<(StoreId, ItemId)>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<MovementEntry>>, Problem> {
    let limit = page.limit()?;
    let before = page.cursor()?.map(|cursor| cursor.0);
    let movements = movements(&app, &principal, store, item, before, limit + 1).await?;
    Ok(Json(Page::cut(movements, limit, |movement| movement.id)))
}

/// At most `limit` movements of a level before the movement `before`.
pub async fn movements(
    app: &App,
    principal: &Principal,
    store: StoreId,
    item: ItemId,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<MovementEntry>, Error> {
    staff_of(principal, store)?;
    let mut connection = app.db.acquire().await?;
    let level = levels::find(&mut connection, store, item).await?;
    level.ok_or(Error::ItemNotFound)?;
    Ok(levels::movements(&mut connection, store, item, before, limit).await?)
}
