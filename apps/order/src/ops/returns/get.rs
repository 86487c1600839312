//! `GET /v1/returns/{return}`: one return, for those who may see its order.

use axum::Json;
use axum::extract::State;
use service::auth::Principal;
use service::extract::Path;
use service::problem::Problem;
use sqlx::PgConnection;

use crate::access;
use crate::error::Error;
use crate::ops::returns::View;
use crate::order::Order;
use crate::returns::{Return, ReturnId};
use crate::state::App;
use crate::store;

/// Answers 200 with the return, or 404 `return-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<ReturnId>,
) -> Result<Json<View>, Problem> {
    let mut connection = app.db.acquire().await.map_err(Error::from)?;
    let (it, _) = find(&mut connection, &principal, id).await?;
    Ok(Json(if access::is_staff_of(&principal, it.store_id) {
        View::for_staff(it)
    } else {
        View::of(it)
    }))
}

/// The return and its order, if `principal` may see them.
pub async fn find(
    connection: &mut PgConnection,
    principal: &Principal,
    id: ReturnId,
) -> Result<(Return, Order), Error> {
    let it = store::returns::find(connection, id)
        .await?
        .ok_or(Error::ReturnNotFound)?;
    let order = store::orders::find(connection, it.order_id)
        .await?
        .filter(|order| access::may_see(principal, order))
        .ok_or(Error::ReturnNotFound)?;
    Ok((it, order))
}
