//! `GET /v1/stores/{store}/hours`: when a store is open, for who runs it.

use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use service::auth::Principal;
use service::extract::Path;
use service::problem::Problem;

use crate::access::staff_of;
use crate::answers;
use crate::error::Error;
use crate::hours::{Closures, Hours, Weekly};
use crate::menu::StoreId;
use crate::state::App;
use crate::store;

/// A store's hours.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Hours")]
pub struct Body {
    /// The zone of the store's clock, by its IANA name.
    timezone: &'static str,
    /// By weekday.
    weekly: Weekly,
    /// But for these days.
    closures: Closures,
    /// Their `ETag`.
    version: i64,
}

impl From<Hours> for Body {
    fn from(hours: Hours) -> Self {
        Self {
            timezone: hours.zone.name(),
            weekly: hours.weekly,
            closures: hours.closures,
            version: hours.version,
        }
    }
}

/// Answers 200 with the hours and their version as `ETag`, or 404 `store-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
) -> Result<Response, Problem> {
    let hours = hours(&app, &principal, store).await?;
    Ok(answers::current(hours.version, &Body::from(hours)))
}

/// The hours of a store that `principal` runs.
pub async fn hours(app: &App, principal: &Principal, store: StoreId) -> Result<Hours, Error> {
    staff_of(principal, store)?;
    let snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let mut snapshot = app.db.begin_with(snapshot).await?;
    let hours = store::hours::read(&mut snapshot, store).await?;
    snapshot.commit().await?;
    hours.ok_or(Error::UnknownStore)
}
