//! Every route of this service, with the scope that it needs.
//!
//! Invariant: none is public.

use axum::http::Method;
use service::revoked;
use service::routes::{Access, Routes};

use crate::ops::{menu, quote, stores};
use crate::state::App;

const READ: Access = Access::Scope("catalog:read");
const QUOTE: Access = Access::Scope("catalog:quote");

/// The table.
#[must_use]
pub fn table() -> Routes<App> {
    Routes::new()
        .route(Method::GET, "/v1/stores", READ, stores::handler)
        .route(Method::GET, "/v1/stores/{store}/menu", READ, menu::handler)
        .route(Method::POST, "/v1/quotes", QUOTE, quote::handler)
        .route(
            Method::POST,
            "/events/identity",
            Access::Sidecar,
            revoked::hear,
        )
}
