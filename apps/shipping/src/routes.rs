//! Every route of this service, with the scope that it needs.
//!
//! Invariant: none is public; whose shipment or store it is, is decided in the operation.

use axum::http::Method;
use outbox::bulk::BATCHES;
use outbox::dead::routes as dead;
use service::revoked;
use service::routes::{Access, Routes};

use crate::inbound;
use crate::ops::{announce, quote, read, under_way, zones};
use crate::state::App;

const QUOTE: Access = Access::Scope("shipping:quote");
const ANNOUNCE: Access = Access::Scope("shipping:announce");
const READ: Access = Access::Scope("shipping:read");
const DISPATCH: Access = Access::Scope("shipping:dispatch");
const MANAGE: Access = Access::Scope("shipping:manage");
const OPERATE: Access = Access::Scope("shipping:operate");

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;

/// The table.
#[must_use]
pub fn table() -> Routes<App> {
    let shipment = "/v1/shipments/{order}";
    let of_store = "/v1/stores/{store}/zones";
    Routes::new()
        .route(POST, "/v1/quotes", QUOTE, quote::handler)
        .route(PUT, shipment, ANNOUNCE, announce::handler)
        .route(GET, shipment, READ, read::handler)
        .route(
            GET,
            "/v1/stores/{store}/shipments",
            DISPATCH,
            under_way::handler,
        )
        .route(GET, of_store, MANAGE, zones::read::handler)
        .route(PUT, of_store, MANAGE, zones::replace::handler)
        .route(GET, "/v1/dead-letters", OPERATE, dead::list::<App>)
        .route(
            POST,
            "/v1/dead-letters/{id}/redrive",
            OPERATE,
            dead::redrive::<App>,
        )
        .upload(
            POST,
            "/events/order",
            Access::Sidecar,
            BATCHES,
            inbound::order,
        )
        .route(POST, "/events/account", Access::Sidecar, inbound::account)
        .route(POST, "/events/identity", Access::Sidecar, revoked::hear)
        .route(POST, "/events/dead", Access::Sidecar, dead::keep::<App>)
}
