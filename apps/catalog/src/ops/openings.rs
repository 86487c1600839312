//! `GET /v1/stores/{store}/openings`: when a store is open in the coming days, as instants.
//!
//! Invariant: what is answered here is what a quote says at the same moment.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use service::extract::Path;
use service::problem::Problem;

use crate::hours::Opening;
use crate::menu::StoreId;
use crate::state::App;

/// When a store is open.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Openings")]
pub struct Body {
    /// The zone of the store's clock, by its IANA name.
    timezone: &'static str,
    /// In order, and apart from each other.
    openings: Vec<Opening>,
}

/// Answers 200 with today's openings and those of the seven days after it, or 404 `store-not-found`.
pub async fn handler(
    State(app): State<App>,
    Path(store): Path<StoreId>,
) -> Result<Json<Body>, Problem> {
    let snapshot = app.menus.recent(store).await?;
    Ok(Json(Body {
        timezone: snapshot.hours.zone.name(),
        openings: snapshot.hours.openings(app.clock.now()),
    }))
}
