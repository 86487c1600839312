//! `POST /v1/stores/{store}/adjustments`: a count found more than was known of or, below zero, less.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::auth::Principal;
use service::extract::{self, Path};
use service::idempotency::Key;
use service::problem::Problem;

use crate::ops::change::{Change, Command, MOST};
use crate::state::App;
use crate::stock::{Kind, StoreId};

/// The route, as idempotency keys are scoped by it.
const ROUTE: &str = "POST /v1/stores/{store}/adjustments";

/// What a count found: up to a thousand million more or less, but not nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "i64")]
#[schemars(extend("minimum" = -MOST, "maximum" = MOST, "not" = { "const": 0 }))]
pub struct Difference(i64);

impl TryFrom<i64> for Difference {
    type Error = String;

    fn try_from(difference: i64) -> Result<Self, String> {
        if difference != 0 && (-MOST..=MOST).contains(&difference) {
            Ok(Self(difference))
        } else {
            Err(format!("must be -{MOST} to {MOST} and not 0"))
        }
    }
}

impl From<Difference> for i64 {
    fn from(difference: Difference) -> Self {
        difference.0
    }
}

/// Answers 200 with the level after it; 400 without a key, 404 `store-not-found` or
/// `item-not-found`, 409 `not-enough-stock`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
    headers: HeaderMap,
    extract::Json(change): extract::Json<Change<Difference>>,
) -> Result<Json<Value>, Problem> {
    let command = Command {
        route: ROUTE,
        store,
        kind: Kind::Adjustment,
        key: Key::of(&headers)?,
        principal: &principal,
    };
    Ok(Json(command.carry_out(&app, change).await?))
}
