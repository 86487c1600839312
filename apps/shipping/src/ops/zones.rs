//! Where a store delivers, and for what: read and replaced as a whole.
//!
//! Invariant: whoever gets zones gets the tag that the next edit of them must name.

pub mod read;
pub mod replace;

use axum::Json;
use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::response::{IntoResponse as _, Response};
use service::etag;

use crate::zone::Zones;

/// 200 with the zones as they are.
fn current(zones: &Zones) -> Response {
    let headers = [(ETAG, etag::of_version(zones.version))];
    // Versions are for edits: nobody keeps what only a manager may read.
    ([(CACHE_CONTROL, "no-store")], headers, Json(zones)).into_response()
}
