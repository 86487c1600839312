//! Every route of this service, with the scope that it needs.
//!
//! Invariant: none is public; whose order it is, is decided in the operation.

use axum::http::Method;
use service::routes::{Access, Routes};

use crate::access::FULFIL;
use crate::ops::{fulfil, get, history, list, place, tickets};
use crate::state::App;

const PLACE: Access = Access::Scope("order:place");
const READ: Access = Access::Scope("order:read");
const STAFF: Access = Access::Scope(FULFIL);

/// The table.
#[must_use]
pub fn table() -> Routes<App> {
    Routes::new()
        .route(Method::POST, "/v1/orders", PLACE, place::handler)
        .route(Method::GET, "/v1/orders", READ, list::handler)
        .route(Method::GET, "/v1/orders/{id}", READ, get::handler)
        .route(
            Method::GET,
            "/v1/orders/{id}/history",
            READ,
            history::handler,
        )
        .route(
            Method::POST,
            "/v1/orders/{id}/fulfilment",
            STAFF,
            fulfil::handler,
        )
        .route(
            Method::GET,
            "/v1/stores/{store}/tickets",
            STAFF,
            tickets::handler,
        )
}
