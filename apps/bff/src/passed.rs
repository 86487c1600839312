//! The table of what is passed on to a service in the name of the person who is signed in.
//!
//! Invariant: a row says everything about a path; whether the person may take it is the service's decision alone.

use axum::http::Method;

use crate::ops::pass::Passed;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

const ORDER: &str = "order";
const INVENTORY: &str = "inventory";
const PAYMENT: &str = "payment";
const IDENTITY: &str = "identity";

/// The rows.
pub static PASSED: [Passed; 42] = [
    keyed("/api/orders", ORDER, "/v1/orders"),
    row(GET, "/api/orders", ORDER, "/v1/orders"),
    row(GET, "/api/orders/{id}", ORDER, "/v1/orders/{id}"),
    row(
        GET,
        "/api/orders/{id}/history",
        ORDER,
        "/v1/orders/{id}/history",
    ),
    row(
        GET,
        "/api/orders/{id}/timeline",
        ORDER,
        "/v1/orders/{id}/timeline",
    ),
    row(
        POST,
        "/api/orders/{id}/fulfilment",
        ORDER,
        "/v1/orders/{id}/fulfilment",
    ),
    row(
        POST,
        "/api/orders/{id}/cancellation",
        ORDER,
        "/v1/orders/{id}/cancellation",
    ),
    row(
        GET,
        "/api/stores/{id}/tickets",
        ORDER,
        "/v1/stores/{id}/tickets",
    ),
    // What came of an order's checkout, and what a person has to put right.
    row(GET, "/api/checkouts", ORDER, "/v1/checkouts"),
    row(GET, "/api/checkouts/{id}", ORDER, "/v1/checkouts/{id}"),
    row(
        POST,
        "/api/checkouts/{id}/retry",
        ORDER,
        "/v1/checkouts/{id}/retry",
    ),
    row(
        POST,
        "/api/checkouts/{id}/settle",
        ORDER,
        "/v1/checkouts/{id}/settle",
    ),
    // Money.
    row(
        GET,
        "/api/orders/{id}/payment",
        PAYMENT,
        "/v1/payments/{id}",
    ),
    row(
        GET,
        "/api/orders/{id}/transactions",
        PAYMENT,
        "/v1/payments/{id}/transactions",
    ),
    keyed(
        "/api/orders/{id}/refunds",
        PAYMENT,
        "/v1/payments/{id}/refunds",
    ),
    // Stock.
    row(
        GET,
        "/api/stores/{id}/stock",
        INVENTORY,
        "/v1/stores/{id}/stock",
    ),
    row(
        GET,
        "/api/stores/{id}/stock/{item}/movements",
        INVENTORY,
        "/v1/stores/{id}/stock/{item}/movements",
    ),
    row(
        PUT,
        "/api/stores/{id}/stock/{item}/threshold",
        INVENTORY,
        "/v1/stores/{id}/stock/{item}/threshold",
    ),
    keyed(
        "/api/stores/{id}/receipts",
        INVENTORY,
        "/v1/stores/{id}/receipts",
    ),
    keyed("/api/stores/{id}/waste", INVENTORY, "/v1/stores/{id}/waste"),
    keyed(
        "/api/stores/{id}/adjustments",
        INVENTORY,
        "/v1/stores/{id}/adjustments",
    ),
    // Accounts, and what happened to them.
    row(GET, "/api/users", IDENTITY, "/v1/users"),
    row(GET, "/api/users/{id}", IDENTITY, "/v1/users/{id}"),
    row(
        PUT,
        "/api/users/{id}/roles",
        IDENTITY,
        "/v1/users/{id}/roles",
    ),
    row(
        POST,
        "/api/users/{id}/deactivate",
        IDENTITY,
        "/v1/users/{id}/deactivate",
    ),
    row(
        POST,
        "/api/users/{id}/reactivate",
        IDENTITY,
        "/v1/users/{id}/reactivate",
    ),
    row(GET, "/api/audit", IDENTITY, "/v1/audit"),
    row(
        GET,
        "/api/audit/verification",
        IDENTITY,
        "/v1/audit/verification",
    ),
    row(GET, "/api/clients", IDENTITY, "/v1/clients"),
    row(POST, "/api/clients", IDENTITY, "/v1/clients"),
    row(GET, "/api/clients/{id}", IDENTITY, "/v1/clients/{id}"),
    row(PUT, "/api/clients/{id}", IDENTITY, "/v1/clients/{id}"),
    row(DELETE, "/api/clients/{id}", IDENTITY, "/v1/clients/{id}"),
    row(
        POST,
        "/api/clients/{id}/secret",
        IDENTITY,
        "/v1/clients/{id}/secret",
    ),
    row(
        DELETE,
        "/api/clients/{id}/secret/previous",
        IDENTITY,
        "/v1/clients/{id}/secret/previous",
    ),
    // A copy of events, dropped to be built anew from their topics.
    row(DELETE, "/api/timeline", ORDER, "/v1/timeline"),
    // Events that could not be taken in.
    row(GET, "/api/dead-letters/order", ORDER, LETTERS),
    row(POST, "/api/dead-letters/order/{id}/redrive", ORDER, REDRIVE),
    row(GET, "/api/dead-letters/inventory", INVENTORY, LETTERS),
    row(
        POST,
        "/api/dead-letters/inventory/{id}/redrive",
        INVENTORY,
        REDRIVE,
    ),
    row(GET, "/api/dead-letters/payment", PAYMENT, LETTERS),
    row(
        POST,
        "/api/dead-letters/payment/{id}/redrive",
        PAYMENT,
        REDRIVE,
    ),
];

/// The catalog's, which our own client gets from what is kept ready: only registered clients are passed on.
pub static CATALOG: [Passed; 2] = [
    row(GET, "/api/stores", "catalog", "/v1/stores"),
    row(
        GET,
        "/api/stores/{id}/menu",
        "catalog",
        "/v1/stores/{id}/menu",
    ),
];

const LETTERS: &str = "/v1/dead-letters";
const REDRIVE: &str = "/v1/dead-letters/{id}/redrive";

const fn row(
    method: Method,
    path: &'static str,
    app: &'static str,
    upstream: &'static str,
) -> Passed {
    Passed {
        method,
        path,
        app,
        upstream,
        needs_key: false,
    }
}

/// A POST that must say which try of which command it is.
const fn keyed(path: &'static str, app: &'static str, upstream: &'static str) -> Passed {
    Passed {
        method: POST,
        path,
        app,
        upstream,
        needs_key: true,
    }
}
