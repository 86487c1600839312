//! `PUT /v1/stores/{store}/pickup`: who runs a store says how many orders it takes per slot.
//!
//! Invariant: orders that hold a slot keep it; a smaller capacity only takes no more of them.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::Deserialize;
use service::auth::Principal;
use service::etag;
use service::extract::{self, Path};
use service::problem::Problem;

use crate::error::Error;
use crate::ops::pickup::Body;
use crate::order::StoreId;
use crate::pickup::MOST;
use crate::state::App;
use crate::store;
use crate::store::pickup::Settings;

/// The body.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPickup {
    /// Orders per slot.
    pub capacity: Capacity,
}

/// 0 to a thousand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "i32")]
#[schemars(extend("minimum" = 0, "maximum" = MOST))]
pub struct Capacity(i32);

impl TryFrom<i32> for Capacity {
    type Error = String;

    fn try_from(capacity: i32) -> Result<Self, String> {
        if (0..=MOST).contains(&capacity) {
            Ok(Self(capacity))
        } else {
            Err(format!("must be 0 to {MOST}"))
        }
    }
}

/// Why the settings stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum SetPickupError {
    /// The caller has seen another version.
    #[error("the settings are no longer at the expected version")]
    Stale,
    /// Not found, or the database failed.
    #[error(transparent)]
    Any(#[from] Error),
}

impl From<sqlx::Error> for SetPickupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<SetPickupError> for Problem {
    fn from(error: SetPickupError) -> Self {
        match error {
            SetPickupError::Stale => etag::stale(),
            SetPickupError::Any(error) => error.into(),
        }
    }
}

/// Answers 200 with the new settings; 404 `store-not-found`, 412 `stale-version`, 428 without `If-Match`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
    headers: HeaderMap,
    extract::Json(command): extract::Json<SetPickup>,
) -> Result<impl IntoResponse, Problem> {
    let expected = etag::expected_version(&headers)?;
    let settings = set_pickup(&app, &principal, store, expected, command.capacity).await?;
    let etag = etag::header(etag::of_version(settings.version));
    Ok(([etag], Json(Body::from(settings))))
}

/// Sets the capacity.
pub async fn set_pickup(
    app: &App,
    principal: &Principal,
    store: StoreId,
    expected: i64,
    capacity: Capacity,
) -> Result<Settings, SetPickupError> {
    if !principal.works_at(store.0) {
        return Err(Error::StoreNotFound.into());
    }
    let mut connection = app.db.acquire().await?;
    let set = store::pickup::set(&mut connection, store, expected, capacity.0).await?;
    let settings = set.ok_or(SetPickupError::Stale)?;
    tracing::info!(store.id = %store.0, user.id = principal.subject, capacity = capacity.0, "slots were set");
    Ok(settings)
}
