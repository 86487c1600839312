//! `GET /v1/stores/{store}/pickup`: how many orders a store takes per slot, for who runs it.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::Serialize;
use service::auth::Principal;
use service::etag;
use service::extract::Path;
use service::problem::Problem;

use crate::error::Error;
use crate::order::StoreId;
use crate::pickup::SLOT;
use crate::state::App;
use crate::store;
use crate::store::pickup::Settings;

/// What a store takes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PickupSettings")]
pub struct Body {
    /// Orders per slot; at 0 no slot is to be had.
    capacity: i32,
    /// How long a slot is, in minutes.
    slot_minutes: i64,
    /// Their `ETag`; 0 while nothing was ever set.
    version: i64,
}

impl From<Settings> for Body {
    fn from(settings: Settings) -> Self {
        Self {
            capacity: settings.capacity,
            slot_minutes: SLOT.num_minutes(),
            version: settings.version,
        }
    }
}

/// Answers 200 with the settings and their version as `ETag`, or 404 `store-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
) -> Result<impl IntoResponse, Problem> {
    let settings = settings(&app, &principal, store).await?;
    let etag = etag::header(etag::of_version(settings.version));
    Ok(([etag], Json(Body::from(settings))))
}

/// The settings of a store that `principal` runs.
pub async fn settings(app: &App, principal: &Principal, store: StoreId) -> Result<Settings, Error> {
    if !principal.works_at(store.0) {
        return Err(Error::StoreNotFound);
    }
    let mut connection = app.db.acquire().await?;
    Ok(store::pickup::settings(&mut connection, store).await?)
}
