//! Every route of this service, with the scope that it needs.
//!
//! Invariant: one is public, and it checks a signature; whose payment it is, is decided in the operation.

use axum::http::Method;
use outbox::dead::routes as dead;
use service::revoked;
use service::routes::{Access, Routes};

use crate::ops::{
    authorise, capture, divergences, get, order_completed, reconciliations, refund, return_refund,
    transactions, undo_capture, void, webhook,
};
use crate::state::App;

const CHARGE: Access = Access::Scope("payment:charge");
const READ: Access = Access::Scope("payment:read");
const REFUND: Access = Access::Scope("payment:refund");
const OPERATE: Access = Access::Scope("payment:operate");

/// The table.
#[must_use]
pub fn table() -> Routes<App> {
    let payment = "/v1/payments/{order}";
    books(Routes::new())
        .route(Method::PUT, payment, CHARGE, authorise::handler)
        .route(Method::GET, payment, READ, get::handler)
        .route(
            Method::POST,
            "/v1/payments/{order}/capture",
            CHARGE,
            capture::handler,
        )
        .route(
            Method::POST,
            "/v1/payments/{order}/void",
            CHARGE,
            void::handler,
        )
        .route(
            Method::POST,
            "/v1/payments/{order}/refund",
            CHARGE,
            undo_capture::handler,
        )
        .route(
            Method::POST,
            "/v1/payments/{order}/refunds",
            REFUND,
            refund::handler,
        )
        .route(
            Method::PUT,
            "/v1/payments/{order}/returns/{return}",
            CHARGE,
            return_refund::handler,
        )
        .route(
            Method::GET,
            "/v1/payments/{order}/transactions",
            READ,
            transactions::handler,
        )
        .route(
            Method::POST,
            "/v1/webhooks/provider",
            Access::Public,
            webhook::handler,
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
            order_completed::handler,
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

/// Where our books and the provider's differ.
fn books(routes: Routes<App>) -> Routes<App> {
    routes
        .route(
            Method::POST,
            "/v1/reconciliations",
            OPERATE,
            reconciliations::request::handler,
        )
        .route(
            Method::GET,
            "/v1/reconciliations",
            OPERATE,
            reconciliations::list::handler,
        )
        .route(
            Method::GET,
            "/v1/reconciliations/{id}",
            OPERATE,
            reconciliations::get::handler,
        )
        .route(
            Method::GET,
            "/v1/divergences",
            OPERATE,
            divergences::list::handler,
        )
        .route(
            Method::POST,
            "/v1/divergences/{id}/settle",
            OPERATE,
            divergences::settle::handler,
        )
}
