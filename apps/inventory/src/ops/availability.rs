//! `GET /v1/stores/{store}/availability`: what a store can't make right now.
//!
//! Invariant: the answer is what the event of its version said, so it is as old as the sweeper's last look at most.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use service::etag;
use service::extract::Path;
use service::problem::Problem;

use crate::error::Error;
use crate::recipe::SoldOut;
use crate::state::App;
use crate::stock::StoreId;
use crate::store::told;

/// What can't be made.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Availability {
    /// Where.
    pub store_id: StoreId,
    /// What.
    pub sold_out: SoldOut,
    /// Counts its changes; its `ETag`.
    pub version: i64,
}

/// Answers 200 with the version as `ETag`, 304 to somebody who has it, or 404 `store-not-found`.
pub async fn handler(
    State(app): State<App>,
    Path(store): Path<StoreId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let availability = availability(&app, store).await?;
    let tag = etag::of_version(availability.version);
    let known = etag::is_known(&headers, &tag);
    let tag = [etag::header(tag)];
    Ok(if known {
        (StatusCode::NOT_MODIFIED, tag).into_response()
    } else {
        (tag, axum::Json(availability)).into_response()
    })
}

/// What `store` can't make, as it was told last.
pub async fn availability(app: &App, store: StoreId) -> Result<Availability, Error> {
    let mut connection = app.db.acquire().await?;
    let told = told::availability(&mut connection, store).await?;
    let (sold_out, version) = told.ok_or(Error::StoreNotFound)?;
    Ok(Availability {
        store_id: store,
        sold_out,
        version,
    })
}
