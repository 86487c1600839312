//! The table of what is passed on to a service in the name of the person who is signed in.
//!
//! Invariant: a row says everything about a path; whether the person may take it is the service's decision alone.

use axum::http::Method;
use service::routes::Upload;

use crate::ops::pass::Passed;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

const ORDER: &str = "order";
const INVENTORY: &str = "inventory";
const PAYMENT: &str = "payment";
const IDENTITY: &str = "identity";
const CATALOG: &str = "catalog";
const SHIPPING: &str = "shipping";

/// A picture, as the catalog takes it; its document says the same, and a test compares.
const PICTURE: Upload = Upload {
    kinds: &["image/jpeg", "image/png", "image/webp"],
    most: 5 * 1024 * 1024,
};

/// The rows.
pub static PASSED: [Passed; 104] = [
    keyed("/api/orders", ORDER, "/v1/orders"),
    row(POST, "/api/quotes", CATALOG, "/v1/quotes"),
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
    // When a store is open, and how many orders it takes for a slot.
    row(
        GET,
        "/api/stores/{id}/hours",
        CATALOG,
        "/v1/stores/{id}/hours",
    ),
    row(
        PUT,
        "/api/stores/{id}/hours",
        CATALOG,
        "/v1/stores/{id}/hours",
    ),
    row(
        GET,
        "/api/stores/{id}/pickup",
        ORDER,
        "/v1/stores/{id}/pickup",
    ),
    row(
        PUT,
        "/api/stores/{id}/pickup",
        ORDER,
        "/v1/stores/{id}/pickup",
    ),
    // How an order is brought, and where to for how much.
    row(POST, "/api/delivery-quotes", SHIPPING, "/v1/quotes"),
    row(
        GET,
        "/api/orders/{id}/shipment",
        SHIPPING,
        "/v1/shipments/{id}",
    ),
    row(
        GET,
        "/api/stores/{id}/shipments",
        SHIPPING,
        "/v1/stores/{id}/shipments",
    ),
    row(
        GET,
        "/api/stores/{id}/zones",
        SHIPPING,
        "/v1/stores/{id}/zones",
    ),
    row(
        PUT,
        "/api/stores/{id}/zones",
        SHIPPING,
        "/v1/stores/{id}/zones",
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
    // What came back.
    keyed("/api/orders/{id}/returns", ORDER, "/v1/orders/{id}/returns"),
    row(
        GET,
        "/api/orders/{id}/returns",
        ORDER,
        "/v1/orders/{id}/returns",
    ),
    row(
        GET,
        "/api/stores/{id}/returns",
        ORDER,
        "/v1/stores/{id}/returns",
    ),
    row(GET, "/api/returns", ORDER, "/v1/returns"),
    row(GET, "/api/returns/{id}", ORDER, "/v1/returns/{id}"),
    row(
        POST,
        "/api/returns/{id}/approval",
        ORDER,
        "/v1/returns/{id}/approval",
    ),
    row(
        POST,
        "/api/returns/{id}/rejection",
        ORDER,
        "/v1/returns/{id}/rejection",
    ),
    row(
        POST,
        "/api/returns/{id}/retry",
        ORDER,
        "/v1/returns/{id}/retry",
    ),
    row(
        POST,
        "/api/returns/{id}/settle",
        ORDER,
        "/v1/returns/{id}/settle",
    ),
    row(
        GET,
        "/api/orders/{id}/receipt",
        ORDER,
        "/v1/orders/{id}/receipt",
    ),
    row(
        GET,
        "/api/returns/{id}/receipt",
        ORDER,
        "/v1/returns/{id}/receipt",
    ),
    // Where our books and the card provider's differ.
    row(POST, "/api/reconciliations", PAYMENT, "/v1/reconciliations"),
    row(GET, "/api/reconciliations", PAYMENT, "/v1/reconciliations"),
    row(
        GET,
        "/api/reconciliations/{id}",
        PAYMENT,
        "/v1/reconciliations/{id}",
    ),
    row(GET, "/api/divergences", PAYMENT, "/v1/divergences"),
    row(
        POST,
        "/api/divergences/{id}/settle",
        PAYMENT,
        "/v1/divergences/{id}/settle",
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
    // What the company sells, and what a store asks for it.
    row(GET, "/api/categories", CATALOG, "/v1/categories"),
    row(POST, "/api/categories", CATALOG, "/v1/categories"),
    row(GET, "/api/categories/{id}", CATALOG, "/v1/categories/{id}"),
    row(PUT, "/api/categories/{id}", CATALOG, "/v1/categories/{id}"),
    row(
        DELETE,
        "/api/categories/{id}",
        CATALOG,
        "/v1/categories/{id}",
    ),
    row(GET, "/api/products", CATALOG, "/v1/products"),
    row(POST, "/api/products", CATALOG, "/v1/products"),
    row(GET, "/api/products/{id}", CATALOG, "/v1/products/{id}"),
    row(PUT, "/api/products/{id}", CATALOG, "/v1/products/{id}"),
    row(DELETE, "/api/products/{id}", CATALOG, "/v1/products/{id}"),
    upload(
        PUT,
        "/api/products/{id}/image",
        CATALOG,
        "/v1/products/{id}/image",
        PICTURE,
    ),
    row(
        DELETE,
        "/api/products/{id}/image",
        CATALOG,
        "/v1/products/{id}/image",
    ),
    row(GET, "/api/discounts", CATALOG, "/v1/discounts"),
    row(POST, "/api/discounts", CATALOG, "/v1/discounts"),
    row(GET, "/api/discounts/{id}", CATALOG, "/v1/discounts/{id}"),
    row(PUT, "/api/discounts/{id}", CATALOG, "/v1/discounts/{id}"),
    row(DELETE, "/api/discounts/{id}", CATALOG, "/v1/discounts/{id}"),
    row(GET, "/api/option-groups", CATALOG, "/v1/option-groups"),
    row(POST, "/api/option-groups", CATALOG, "/v1/option-groups"),
    row(
        GET,
        "/api/option-groups/{id}",
        CATALOG,
        "/v1/option-groups/{id}",
    ),
    row(
        PUT,
        "/api/option-groups/{id}",
        CATALOG,
        "/v1/option-groups/{id}",
    ),
    row(
        DELETE,
        "/api/option-groups/{id}",
        CATALOG,
        "/v1/option-groups/{id}",
    ),
    row(
        GET,
        "/api/stores/{id}/tax-rates",
        CATALOG,
        "/v1/stores/{id}/tax-rates",
    ),
    row(
        PUT,
        "/api/stores/{id}/tax-rates",
        CATALOG,
        "/v1/stores/{id}/tax-rates",
    ),
    row(
        GET,
        "/api/stores/{id}/prices",
        CATALOG,
        "/v1/stores/{id}/prices",
    ),
    row(
        GET,
        "/api/stores/{id}/prices/{item}",
        CATALOG,
        "/v1/stores/{id}/prices/{item}",
    ),
    row(
        PUT,
        "/api/stores/{id}/prices/{item}",
        CATALOG,
        "/v1/stores/{id}/prices/{item}",
    ),
    row(
        DELETE,
        "/api/stores/{id}/prices/{item}",
        CATALOG,
        "/v1/stores/{id}/prices/{item}",
    ),
    row(
        GET,
        "/api/stores/{id}/price-changes",
        CATALOG,
        "/v1/stores/{id}/price-changes",
    ),
    row(
        POST,
        "/api/stores/{id}/price-changes",
        CATALOG,
        "/v1/stores/{id}/price-changes",
    ),
    row(
        GET,
        "/api/stores/{id}/price-changes/{change}",
        CATALOG,
        "/v1/stores/{id}/price-changes/{change}",
    ),
    row(
        DELETE,
        "/api/stores/{id}/price-changes/{change}",
        CATALOG,
        "/v1/stores/{id}/price-changes/{change}",
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
    // What was sold.
    row(
        GET,
        "/api/stores/{id}/sales",
        ORDER,
        "/v1/stores/{id}/sales",
    ),
    // Copies of events, dropped to be built anew from their topics.
    row(DELETE, "/api/timeline", ORDER, "/v1/timeline"),
    row(DELETE, "/api/sales", ORDER, "/v1/sales"),
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
    row(GET, "/api/dead-letters/shipping", SHIPPING, LETTERS),
    row(
        POST,
        "/api/dead-letters/shipping/{id}/redrive",
        SHIPPING,
        REDRIVE,
    ),
];

/// What anybody may ask the catalog, which our own client is answered in our own name, mostly from what is kept ready:
/// only registered clients are passed on.
pub static MENUS: [Passed; 4] = [
    row(GET, "/api/stores", CATALOG, "/v1/stores"),
    row(
        GET,
        "/api/stores/{id}/menu",
        CATALOG,
        "/v1/stores/{id}/menu",
    ),
    row(
        GET,
        "/api/stores/{id}/search",
        CATALOG,
        "/v1/stores/{id}/search",
    ),
    row(
        GET,
        "/api/stores/{id}/slots",
        ORDER,
        "/v1/stores/{id}/slots",
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
        upload: None,
    }
}

/// What is sent as it is, and is no JSON.
const fn upload(
    method: Method,
    path: &'static str,
    app: &'static str,
    upstream: &'static str,
    upload: Upload,
) -> Passed {
    Passed {
        method,
        path,
        app,
        upstream,
        needs_key: false,
        upload: Some(upload),
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
        upload: None,
    }
}
