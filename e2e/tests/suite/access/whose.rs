//! Whose resource each route is about: what no document can say.
//!
//! Invariant: it is written from what the services are for, and read from nothing that is tested.

/// Whose resource it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Nobody's in particular: whoever may read at all reads it.
    Everybodys,
    /// The caller's own by itself: no id of somebody else can be named.
    Callers,
    /// A customer's, and of the store that makes it.
    Customers,
    /// A store's.
    Stores,
    /// The company's: whoever runs a store sees to it.
    Companys,
    /// The checkout's, which acts for itself.
    Sagas,
    /// The platform's.
    Operators,
    /// The route checks by its own protocol who is asking.
    Protocols,
}

use Whose::{Callers, Companys, Customers, Everybodys, Operators, Protocols, Sagas, Stores};

/// What operators do about dead letters, wherever there are some.
const LETTERS: [&str; 2] = ["GET /v1/dead-letters", "POST /v1/dead-letters/{id}/redrive"];

const ENTRIES: &[(&str, Whose, &[&str])] = &[
    (
        "catalog",
        Everybodys,
        &[
            "GET /v1/stores",
            "GET /v1/stores/{store}/menu",
            "GET /v1/stores/{store}/search",
            "GET /v1/images/{hash}",
            "POST /crema.catalog.v1.Catalog/ListStores",
            "POST /crema.catalog.v1.Catalog/GetMenu",
        ],
    ),
    (
        "catalog",
        Companys,
        &[
            "GET /v1/categories",
            "POST /v1/categories",
            "GET /v1/categories/{category}",
            "PUT /v1/categories/{category}",
            "DELETE /v1/categories/{category}",
            "GET /v1/products",
            "POST /v1/products",
            "GET /v1/products/{product}",
            "PUT /v1/products/{product}",
            "DELETE /v1/products/{product}",
            "PUT /v1/products/{product}/image",
            "DELETE /v1/products/{product}/image",
            "GET /v1/discounts",
            "POST /v1/discounts",
            "GET /v1/discounts/{discount}",
            "PUT /v1/discounts/{discount}",
            "DELETE /v1/discounts/{discount}",
            "GET /v1/option-groups",
            "POST /v1/option-groups",
            "GET /v1/option-groups/{group}",
            "PUT /v1/option-groups/{group}",
            "DELETE /v1/option-groups/{group}",
            "POST /crema.catalog.v1.Catalog/GetProduct",
            "POST /crema.catalog.v1.Catalog/ListProducts",
        ],
    ),
    (
        "catalog",
        Stores,
        &[
            "GET /v1/stores/{store}/tax-rates",
            "PUT /v1/stores/{store}/tax-rates",
            "GET /v1/stores/{store}/prices",
            "GET /v1/stores/{store}/prices/{item}",
            "PUT /v1/stores/{store}/prices/{item}",
            "DELETE /v1/stores/{store}/prices/{item}",
            "GET /v1/stores/{store}/price-changes",
            "POST /v1/stores/{store}/price-changes",
            "GET /v1/stores/{store}/price-changes/{change}",
            "DELETE /v1/stores/{store}/price-changes/{change}",
        ],
    ),
    (
        "catalog",
        Everybodys,
        &["POST /v1/quotes", "GET /v1/stores/{store}/openings"],
    ),
    (
        "catalog",
        Stores,
        &[
            "GET /v1/stores/{store}/hours",
            "PUT /v1/stores/{store}/hours",
        ],
    ),
    ("inventory", Operators, &LETTERS),
    (
        "inventory",
        Everybodys,
        &["GET /v1/stores/{store}/availability"],
    ),
    (
        "inventory",
        Sagas,
        &[
            "GET /v1/reservations/{order}",
            "PUT /v1/reservations/{order}",
            "POST /v1/reservations/{order}/release",
            "PUT /v1/returns/{return}",
        ],
    ),
    (
        "inventory",
        Stores,
        &[
            "GET /v1/stores/{store}/stock",
            "GET /v1/stores/{store}/stock/{item}/movements",
            "PUT /v1/stores/{store}/stock/{item}/threshold",
            "POST /v1/stores/{store}/receipts",
            "POST /v1/stores/{store}/waste",
            "POST /v1/stores/{store}/adjustments",
        ],
    ),
    ("order", Operators, &LETTERS),
    (
        "order",
        Operators,
        &[
            "GET /v1/checkouts",
            "GET /v1/checkouts/{order}",
            "POST /v1/checkouts/{order}/retry",
            "POST /v1/checkouts/{order}/settle",
            "DELETE /v1/timeline",
            "DELETE /v1/sales",
            "GET /v1/returns",
            "POST /v1/returns/{return}/retry",
            "POST /v1/returns/{return}/settle",
        ],
    ),
    ("order", Everybodys, &["GET /v1/stores/{store}/slots"]),
    (
        "order",
        Callers,
        &[
            "GET /v1/orders",
            "POST /v1/orders",
            "POST /crema.order.v1.Orders/ListOrders",
        ],
    ),
    (
        "order",
        Customers,
        &[
            "GET /v1/orders/{id}",
            "GET /v1/orders/{id}/history",
            "GET /v1/orders/{id}/timeline",
            "POST /crema.order.v1.Orders/GetOrder",
            "POST /crema.order.v1.Orders/GetHistory",
            "POST /v1/orders/{id}/cancellation",
            "GET /v1/orders/{id}/returns",
            "GET /v1/returns/{return}",
            "GET /v1/orders/{id}/receipt",
            "GET /v1/returns/{return}/receipt",
        ],
    ),
    (
        "order",
        Stores,
        &[
            "GET /v1/stores/{store}/tickets",
            "GET /v1/stores/{store}/sales",
            "POST /crema.order.v1.Orders/ListTickets",
            "GET /v1/stores/{store}/pickup",
            "PUT /v1/stores/{store}/pickup",
            "POST /v1/orders/{id}/fulfilment",
            "POST /v1/orders/{id}/returns",
            "GET /v1/stores/{store}/returns",
            "POST /v1/returns/{return}/approval",
            "POST /v1/returns/{return}/rejection",
        ],
    ),
    ("payment", Operators, &LETTERS),
    (
        "payment",
        Operators,
        &[
            "POST /v1/reconciliations",
            "GET /v1/reconciliations",
            "GET /v1/reconciliations/{id}",
            "GET /v1/divergences",
            "POST /v1/divergences/{id}/settle",
        ],
    ),
    (
        "payment",
        Sagas,
        &[
            "PUT /v1/payments/{order}",
            "POST /v1/payments/{order}/capture",
            "POST /v1/payments/{order}/void",
            "POST /v1/payments/{order}/refund",
            "PUT /v1/payments/{order}/returns/{return}",
        ],
    ),
    (
        "payment",
        Stores,
        &[
            "GET /v1/payments/{order}",
            "GET /v1/payments/{order}/transactions",
            "POST /v1/payments/{order}/refunds",
        ],
    ),
    ("payment", Protocols, &["POST /v1/webhooks/provider"]),
    ("shipping", Operators, &LETTERS),
    ("shipping", Everybodys, &["POST /v1/quotes"]),
    ("shipping", Sagas, &["PUT /v1/shipments/{order}"]),
    ("shipping", Customers, &["GET /v1/shipments/{order}"]),
    (
        "shipping",
        Stores,
        &[
            "GET /v1/stores/{store}/shipments",
            "GET /v1/stores/{store}/zones",
            "PUT /v1/stores/{store}/zones",
        ],
    ),
    (
        "identity",
        Operators,
        &[
            "GET /v1/users",
            "GET /v1/users/{id}",
            "PUT /v1/users/{id}/roles",
            "POST /v1/users/{id}/deactivate",
            "POST /v1/users/{id}/reactivate",
            "GET /v1/audit",
            "GET /v1/audit/verification",
            "GET /v1/clients",
            "POST /v1/clients",
            "GET /v1/clients/{id}",
            "PUT /v1/clients/{id}",
            "DELETE /v1/clients/{id}",
            "POST /v1/clients/{id}/secret",
            "DELETE /v1/clients/{id}/secret/previous",
        ],
    ),
    (
        "identity",
        Protocols,
        &[
            "GET /.well-known/oauth-authorization-server",
            "GET /.well-known/openid-configuration",
            "GET /account",
            "GET /account/delete",
            "POST /account/delete",
            "GET /account/email",
            "POST /account/email",
            "GET /account/export",
            "GET /account/password",
            "POST /account/password",
            "GET /account/profile",
            "POST /account/profile",
            "GET /account/security",
            "POST /account/security/begin",
            "POST /account/security/recovery-codes",
            "POST /account/security/remove",
            "GET /account/security/set-up",
            "POST /account/security/set-up",
            "POST /account/sessions/end",
            "POST /account/applications/withdraw",
            "GET /change-email",
            "POST /change-email",
            "POST /consent",
            "GET /forgot-password",
            "POST /forgot-password",
            "GET /reset-password",
            "POST /reset-password",
            "GET /sign-in/code",
            "POST /sign-in/code",
            "GET /sign-in/second-factor",
            "POST /sign-in/second-factor",
            "POST /sign-in/with/{provider}",
            "GET /sign-in/with/{provider}/callback",
            "GET /account/links",
            "POST /account/links/begin",
            "POST /account/links/remove",
            "GET /verify-email",
            "POST /verify-email",
            "GET /verify-email/again",
            "POST /verify-email/again",
            "GET /identity.css",
            "GET /oauth2/authorize",
            "GET /oauth2/jwks",
            "GET /oauth2/logout",
            "GET /oauth2/userinfo",
            "GET /register",
            "GET /sign-in",
            "POST /oauth2/authorize",
            "POST /oauth2/introspect",
            "POST /oauth2/logout",
            "POST /oauth2/revoke",
            "POST /oauth2/token",
            "POST /oauth2/userinfo",
            "POST /register",
            "POST /sign-in",
            "POST /sign-out",
        ],
    ),
];

/// Whose the resource of a route is.
pub fn whose(app: &str, method: &str, path: &str) -> Option<Whose> {
    let route = format!("{method} {path}");
    let entry = ENTRIES
        .iter()
        .find(|(of, _, routes)| *of == app && routes.contains(&route.as_str()));
    entry.map(|(_, whose, _)| *whose)
}

/// Every entry.
pub fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    ENTRIES
        .iter()
        .flat_map(|(app, _, routes)| routes.iter().map(|route| (*app, *route)))
}
