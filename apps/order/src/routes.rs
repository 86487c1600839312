//! Every route of this service, with the scope that it needs.
//!
//! Invariant: none is public; whose order it is, is decided in the operation. Events come from our own sidecar alone.

use axum::http::Method;
use outbox::bulk::{self, BATCHES};
use outbox::dead::routes as dead;
use service::revoked;
use service::routes::{Access, Routes};

use crate::access::{self, FULFIL};
use crate::grpc;
use crate::ops::{
    cancel, checkout, checkouts, fulfil, get, history, list, on_account, on_shipping, pickup,
    pickup_set, place, receipts, retry, returns, sales, sales_clear, settle, slots, tickets,
    timeline, timeline_clear,
};
use crate::state::App;

const PLACE: Access = Access::Scope("order:place");
const READ: Access = Access::Scope("order:read");
const STAFF: Access = Access::Scope(FULFIL);
const CANCEL: Access = Access::Scope("order:cancel");
const OPERATE: Access = Access::Scope("order:operate");
const SLOTS: Access = Access::Scope("order:slots");
const MANAGE: Access = Access::Scope(access::MANAGE);

/// The table.
#[must_use]
pub fn table() -> Routes<App> {
    heard(called(sold(returned(pickups(Routes::new())))))
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
            Method::GET,
            "/v1/orders/{id}/timeline",
            READ,
            timeline::handler,
        )
        .route(
            Method::POST,
            "/v1/orders/{id}/cancellation",
            CANCEL,
            cancel::handler,
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
        .route(Method::GET, "/v1/checkouts", OPERATE, checkouts::handler)
        .route(
            Method::GET,
            "/v1/checkouts/{order}",
            OPERATE,
            checkout::handler,
        )
        .route(
            Method::POST,
            "/v1/checkouts/{order}/retry",
            OPERATE,
            retry::handler,
        )
        .route(
            Method::POST,
            "/v1/checkouts/{order}/settle",
            OPERATE,
            settle::handler,
        )
        .route(
            Method::DELETE,
            "/v1/timeline",
            OPERATE,
            timeline_clear::handler,
        )
        .route(Method::GET, "/v1/dead-letters", OPERATE, dead::list::<App>)
        .route(
            Method::POST,
            "/v1/dead-letters/{id}/redrive",
            OPERATE,
            dead::redrive::<App>,
        )
}

/// What other services tell.
fn heard(routes: Routes<App>) -> Routes<App> {
    routes
        .upload(
            Method::POST,
            "/events/payment",
            Access::Sidecar,
            BATCHES,
            bulk::together::<App>,
        )
        .upload(
            Method::POST,
            "/events/inventory",
            Access::Sidecar,
            BATCHES,
            bulk::together::<App>,
        )
        .route(
            Method::POST,
            "/events/shipping",
            Access::Sidecar,
            on_shipping::handler,
        )
        .route(
            Method::POST,
            "/events/account",
            Access::Sidecar,
            on_account::handler,
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

/// What is read by gRPC as well.
fn called(routes: Routes<App>) -> Routes<App> {
    routes
        .route(
            Method::POST,
            "/crema.order.v1.Orders/GetOrder",
            READ,
            grpc::get_order,
        )
        .route(
            Method::POST,
            "/crema.order.v1.Orders/ListOrders",
            READ,
            grpc::list_orders,
        )
        .route(
            Method::POST,
            "/crema.order.v1.Orders/GetHistory",
            READ,
            grpc::get_history,
        )
        .route(
            Method::POST,
            "/crema.order.v1.Orders/ListTickets",
            STAFF,
            grpc::list_tickets,
        )
}

/// What was sold.
fn sold(routes: Routes<App>) -> Routes<App> {
    routes
        .route(
            Method::GET,
            "/v1/stores/{store}/sales",
            MANAGE,
            sales::handler,
        )
        .route(Method::DELETE, "/v1/sales", OPERATE, sales_clear::handler)
        .upload(
            Method::POST,
            "/events/order",
            Access::Sidecar,
            BATCHES,
            bulk::together::<App>,
        )
}

/// When orders are picked up.
fn pickups(routes: Routes<App>) -> Routes<App> {
    routes
        .route(
            Method::GET,
            "/v1/stores/{store}/slots",
            SLOTS,
            slots::handler,
        )
        .route(
            Method::GET,
            "/v1/stores/{store}/pickup",
            MANAGE,
            pickup::handler,
        )
        .route(
            Method::PUT,
            "/v1/stores/{store}/pickup",
            MANAGE,
            pickup_set::handler,
        )
}

/// What comes back, and the documents of it.
fn returned(routes: Routes<App>) -> Routes<App> {
    routes
        .route(
            Method::POST,
            "/v1/orders/{id}/returns",
            STAFF,
            returns::ask::handler,
        )
        .route(
            Method::GET,
            "/v1/orders/{id}/returns",
            READ,
            returns::list::handler,
        )
        .route(
            Method::GET,
            "/v1/returns/{return}",
            READ,
            returns::get::handler,
        )
        .route(
            Method::GET,
            "/v1/stores/{store}/returns",
            MANAGE,
            returns::waiting::handler,
        )
        .route(
            Method::POST,
            "/v1/returns/{return}/approval",
            MANAGE,
            returns::approve::handler,
        )
        .route(
            Method::POST,
            "/v1/returns/{return}/rejection",
            MANAGE,
            returns::reject::handler,
        )
        .route(
            Method::GET,
            "/v1/returns",
            OPERATE,
            returns::manual::handler,
        )
        .route(
            Method::POST,
            "/v1/returns/{return}/retry",
            OPERATE,
            returns::retry::handler,
        )
        .route(
            Method::POST,
            "/v1/returns/{return}/settle",
            OPERATE,
            returns::settle::handler,
        )
        .route(
            Method::GET,
            "/v1/orders/{id}/receipt",
            READ,
            receipts::of_order::handler,
        )
        .route(
            Method::GET,
            "/v1/returns/{return}/receipt",
            READ,
            receipts::of_return::handler,
        )
}
