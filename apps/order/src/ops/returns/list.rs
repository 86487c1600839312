//! `GET /v1/orders/{id}/returns`: what of an order came back, for those who may see it.

use axum::Json;
use axum::extract::State;
use service::auth::Principal;
use service::extract::Path;
use service::page::Page;
use service::problem::Problem;

use crate::access;
use crate::error::Error;
use crate::ops;
use crate::ops::returns::View;
use crate::order::OrderId;
use crate::returns::Return;
use crate::state::App;
use crate::store;

/// Answers 200 with the returns, oldest first, or 404 `order-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
) -> Result<Json<Page<View>>, Problem> {
    let shown = |it: Return| {
        if access::is_staff_of(&principal, it.store_id) {
            View::for_staff(it)
        } else {
            View::of(it)
        }
    };
    let all = list(&app, &principal, id).await?;
    Ok(Json(Page::whole(all.into_iter().map(shown).collect())))
}

/// The order's returns, if `principal` may see it.
pub async fn list(app: &App, principal: &Principal, id: OrderId) -> Result<Vec<Return>, Error> {
    ops::get::get(app, principal, id).await?;
    let mut connection = app.db.acquire().await?;
    Ok(store::returns::of_order(&mut connection, id).await?)
}
