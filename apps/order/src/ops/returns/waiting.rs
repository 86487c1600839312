//! `GET /v1/stores/{store}/returns`: the returns that wait for a manager of a store.

use axum::Json;
use axum::extract::State;
use service::auth::Principal;
use service::extract::{Path, Query};
use service::page::{Page, PageQuery};
use service::problem::Problem;
use uuid::Uuid;

use crate::error::Error;
use crate::ops::returns::View;
use crate::order::StoreId;
use crate::returns::Return;
use crate::state::App;
use crate::store;

/// Answers 200 with one page, oldest first, or 404 `store-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<View>>, Problem> {
    let limit = page.limit()?;
    let after = page.cursor()?.map(|cursor| cursor.0);
    let waiting = waiting(&app, &principal, store, after, limit + 1).await?;
    let shown = waiting.into_iter().map(View::for_staff).collect();
    Ok(Json(Page::cut(shown, limit, |it| it.id.0)))
}

/// At most `limit` returns that wait at `store`, asked for after the return `after`.
pub async fn waiting(
    app: &App,
    principal: &Principal,
    store: StoreId,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Return>, Error> {
    if !principal.works_at(store.0) {
        return Err(Error::StoreNotFound);
    }
    let mut connection = app.db.acquire().await?;
    Ok(store::returns::waiting_at(&mut connection, store, after, limit).await?)
}
