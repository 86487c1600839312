//! `POST /v1/stores/{store}/receipts`: a delivery came in.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::Value;
use service::auth::Principal;
use service::extract::{self, Path};
use service::idempotency::Key;
use service::problem::Problem;

use crate::ops::change::{Amount, Change, Command};
use crate::state::App;
use crate::stock::{Kind, StoreId};

/// The route, as idempotency keys are scoped by it.
const ROUTE: &str = "POST /v1/stores/{store}/receipts";

/// Answers 200 with the level after it; 400 without a key, 404 `store-not-found` or `item-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
    headers: HeaderMap,
    extract::Json(change): extract::Json<Change<Amount>>,
) -> Result<Json<Value>, Problem> {
    let command = Command {
        route: ROUTE,
        store,
        kind: Kind::Receipt,
        key: Key::of(&headers)?,
        principal: &principal,
    };
    Ok(Json(command.carry_out(&app, change).await?))
}
