//! Every route of this service, with the scope that it needs.
//!
//! Invariant: none is public; whose store it is, is decided in the operation.

use axum::http::Method;
use outbox::dead::routes as dead;
use service::revoked;
use service::routes::{Access, Routes};

use crate::inbound;
use crate::ops::{
    adjust, availability, movements, receive, release, reservation, reserve, stock, take_back,
    threshold, waste,
};
use crate::state::App;

const RESERVE: Access = Access::Scope("inventory:reserve");
const READ: Access = Access::Scope("inventory:read");
const MANAGE: Access = Access::Scope("inventory:manage");
const AVAILABILITY: Access = Access::Scope("inventory:availability");
const OPERATE: Access = Access::Scope("inventory:operate");

/// The table.
#[must_use]
pub fn table() -> Routes<App> {
    Routes::new()
        .route(
            Method::PUT,
            "/v1/reservations/{order}",
            RESERVE,
            reserve::handler,
        )
        .route(
            Method::GET,
            "/v1/reservations/{order}",
            RESERVE,
            reservation::handler,
        )
        .route(
            Method::POST,
            "/v1/reservations/{order}/release",
            RESERVE,
            release::handler,
        )
        .route(
            Method::PUT,
            "/v1/returns/{return}",
            RESERVE,
            take_back::handler,
        )
        .route(
            Method::GET,
            "/v1/stores/{store}/availability",
            AVAILABILITY,
            availability::handler,
        )
        .route(
            Method::GET,
            "/v1/stores/{store}/stock",
            READ,
            stock::handler,
        )
        .route(
            Method::GET,
            "/v1/stores/{store}/stock/{item}/movements",
            READ,
            movements::handler,
        )
        .route(
            Method::PUT,
            "/v1/stores/{store}/stock/{item}/threshold",
            MANAGE,
            threshold::handler,
        )
        .route(
            Method::POST,
            "/v1/stores/{store}/receipts",
            MANAGE,
            receive::handler,
        )
        .route(
            Method::POST,
            "/v1/stores/{store}/waste",
            MANAGE,
            waste::handler,
        )
        .route(
            Method::POST,
            "/v1/stores/{store}/adjustments",
            MANAGE,
            adjust::handler,
        )
        .route(Method::GET, "/v1/dead-letters", OPERATE, dead::list::<App>)
        .route(
            Method::POST,
            "/v1/dead-letters/{id}/redrive",
            OPERATE,
            dead::redrive::<App>,
        )
        .route(
            Method::POST,
            "/events/order",
            Access::Sidecar,
            inbound::order,
        )
        .route(
            Method::POST,
            "/events/identity",
            Access::Sidecar,
            revoked::hear,
        )
        .route(
            Method::POST,
            "/events/dead",
            Access::Sidecar,
            dead::keep::<App>,
        )
}
