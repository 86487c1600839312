//! `PUT /v1/stores/{store}/stock/{item}/threshold`: below what a level is low.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use service::auth::Principal;
use service::extract::{self, Path};
use service::problem::Problem;

use crate::access::staff_of;
use crate::error::Error;
use crate::ops::change::MOST;
use crate::state::App;
use crate::stock::{ItemId, Level, StoreId};
use crate::store::levels;

/// The body.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetThreshold {
    /// With less than this available the level is low; at 0 never.
    pub threshold: Threshold,
}

/// 0 to a thousand million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "i64")]
#[schemars(extend("minimum" = 0, "maximum" = MOST))]
pub struct Threshold(i64);

impl TryFrom<i64> for Threshold {
    type Error = String;

    fn try_from(threshold: i64) -> Result<Self, String> {
        if (0..=MOST).contains(&threshold) {
            Ok(Self(threshold))
        } else {
            Err(format!("must be 0 to {MOST}"))
        }
    }
}

/// Answers 200 with the level, or 404 `store-not-found` or `item-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path((store, item)): Path<(StoreId, ItemId)>,
    extract::Json(command): extract::Json<SetThreshold>,
) -> Result<Json<Level>, Problem> {
    let level = set_threshold(&app, &principal, store, item, command.threshold).await?;
    Ok(Json(level))
}

/// Sets it. Setting it again to the same does no harm.
pub async fn set_threshold(
    app: &App,
    principal: &Principal,
    store: StoreId,
    item: ItemId,
    threshold: Threshold,
) -> Result<Level, Error> {
    staff_of(principal, store)?;
    let mut connection = app.db.acquire().await?;
    if !levels::set_threshold(&mut connection, store, item, threshold.0).await? {
        return Err(Error::ItemNotFound);
    }
    let level = levels::find(&mut connection, store, item).await?;
    level.ok_or(Error::ItemNotFound)
}
