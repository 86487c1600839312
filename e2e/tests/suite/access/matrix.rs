//! Who may call which route: the expectations of the access matrix.
//!
//! Invariant: they are written from what the services are for, and read from nothing that is tested.

use e2e::Role;

/// Someone with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A person of this role.
    Person(Role),
    /// A service of this name.
    Service(&'static str),
}

use Caller::{Person as P, Service as S};

/// Everyone who is tried.
pub const CALLERS: [Caller; 6] = [
    P(Role::Customer),
    P(Role::Barista),
    P(Role::Manager),
    P(Role::Admin),
    S("bff"),
    S("order"),
];

/// Who may call a route.
#[derive(Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whoever comes by our sidecars: the route checks by its own protocol who is asking.
    Anyone,
    /// The service's own sidecar, to deliver an event.
    OwnSidecar,
    /// These, with a token for this very service.
    Bearers(&'static [Caller]),
}

const ANYONE: Expected = Expected::Anyone;
const SIDECAR: Expected = Expected::OwnSidecar;
/// For order alone.
pub const ORDER: Expected = Expected::Bearers(&[S("order")]);
const BFF: Expected = Expected::Bearers(&[S("bff")]);
const PEOPLE: Expected = Expected::Bearers(&[
    P(Role::Customer),
    P(Role::Barista),
    P(Role::Manager),
    P(Role::Admin),
]);
const READERS: Expected = Expected::Bearers(&[
    P(Role::Customer),
    P(Role::Barista),
    P(Role::Manager),
    P(Role::Admin),
    S("bff"),
]);
const STAFF: Expected = Expected::Bearers(&[P(Role::Barista), P(Role::Manager), P(Role::Admin)]);
const MANAGERS: Expected = Expected::Bearers(&[P(Role::Manager), P(Role::Admin)]);
const OPERATORS: Expected = Expected::Bearers(&[P(Role::Admin)]);

/// The matrix. A route that is not in it fails the test, and so does a row without a route.
pub const MATRIX: &[(&str, &str, &str, Expected)] = &[
    ("bff", "POST", "/events/identity", SIDECAR),
    ("bff", "POST", "/events/inventory", SIDECAR),
    ("bff", "POST", "/events/order", SIDECAR),
    ("bff", "GET", "/dapr/subscribe", SIDECAR),
    ("catalog", "POST", "/events/identity", SIDECAR),
    ("catalog", "GET", "/v1/stores", READERS),
    ("catalog", "GET", "/v1/stores/{store}/menu", READERS),
    ("catalog", "POST", "/v1/quotes", ORDER),
    (
        "identity",
        "GET",
        "/.well-known/oauth-authorization-server",
        ANYONE,
    ),
    (
        "identity",
        "GET",
        "/.well-known/openid-configuration",
        ANYONE,
    ),
    ("identity", "GET", "/account", ANYONE),
    ("identity", "GET", "/account/delete", ANYONE),
    ("identity", "POST", "/account/delete", ANYONE),
    ("identity", "GET", "/account/email", ANYONE),
    ("identity", "POST", "/account/email", ANYONE),
    ("identity", "GET", "/account/export", ANYONE),
    ("identity", "GET", "/account/password", ANYONE),
    ("identity", "POST", "/account/password", ANYONE),
    ("identity", "GET", "/account/profile", ANYONE),
    ("identity", "POST", "/account/profile", ANYONE),
    ("identity", "GET", "/account/security", ANYONE),
    ("identity", "POST", "/account/security/begin", ANYONE),
    (
        "identity",
        "POST",
        "/account/security/recovery-codes",
        ANYONE,
    ),
    ("identity", "POST", "/account/security/remove", ANYONE),
    ("identity", "GET", "/account/security/set-up", ANYONE),
    ("identity", "POST", "/account/security/set-up", ANYONE),
    ("identity", "POST", "/account/sessions/end", ANYONE),
    ("identity", "POST", "/account/applications/withdraw", ANYONE),
    ("identity", "GET", "/change-email", ANYONE),
    ("identity", "POST", "/change-email", ANYONE),
    ("identity", "POST", "/consent", ANYONE),
    ("identity", "GET", "/forgot-password", ANYONE),
    ("identity", "POST", "/forgot-password", ANYONE),
    ("identity", "GET", "/reset-password", ANYONE),
    ("identity", "POST", "/reset-password", ANYONE),
    ("identity", "GET", "/sign-in/code", ANYONE),
    ("identity", "POST", "/sign-in/code", ANYONE),
    ("identity", "GET", "/sign-in/second-factor", ANYONE),
    ("identity", "POST", "/sign-in/second-factor", ANYONE),
    ("identity", "POST", "/sign-in/with/{provider}", ANYONE),
    (
        "identity",
        "GET",
        "/sign-in/with/{provider}/callback",
        ANYONE,
    ),
    ("identity", "GET", "/account/links", ANYONE),
    ("identity", "POST", "/account/links/begin", ANYONE),
    ("identity", "POST", "/account/links/remove", ANYONE),
    ("identity", "GET", "/verify-email", ANYONE),
    ("identity", "POST", "/verify-email", ANYONE),
    ("identity", "GET", "/verify-email/again", ANYONE),
    ("identity", "POST", "/verify-email/again", ANYONE),
    ("identity", "GET", "/identity.css", ANYONE),
    ("identity", "GET", "/oauth2/authorize", ANYONE),
    ("identity", "GET", "/oauth2/jwks", ANYONE),
    ("identity", "GET", "/oauth2/logout", ANYONE),
    ("identity", "GET", "/oauth2/userinfo", ANYONE),
    ("identity", "GET", "/register", ANYONE),
    ("identity", "GET", "/sign-in", ANYONE),
    ("identity", "POST", "/oauth2/authorize", ANYONE),
    ("identity", "POST", "/oauth2/introspect", ANYONE),
    ("identity", "POST", "/oauth2/logout", ANYONE),
    ("identity", "POST", "/oauth2/revoke", ANYONE),
    ("identity", "POST", "/oauth2/token", ANYONE),
    ("identity", "POST", "/oauth2/userinfo", ANYONE),
    ("identity", "POST", "/register", ANYONE),
    ("identity", "POST", "/sign-in", ANYONE),
    ("identity", "POST", "/sign-out", ANYONE),
    ("identity", "GET", "/v1/users", OPERATORS),
    ("identity", "GET", "/v1/users/{id}", OPERATORS),
    ("identity", "PUT", "/v1/users/{id}/roles", OPERATORS),
    ("identity", "POST", "/v1/users/{id}/deactivate", OPERATORS),
    ("identity", "POST", "/v1/users/{id}/reactivate", OPERATORS),
    ("identity", "GET", "/v1/audit", OPERATORS),
    ("identity", "GET", "/v1/audit/verification", OPERATORS),
    ("identity", "GET", "/v1/clients", OPERATORS),
    ("identity", "POST", "/v1/clients", OPERATORS),
    ("identity", "GET", "/v1/clients/{id}", OPERATORS),
    ("identity", "PUT", "/v1/clients/{id}", OPERATORS),
    ("identity", "DELETE", "/v1/clients/{id}", OPERATORS),
    ("identity", "POST", "/v1/clients/{id}/secret", OPERATORS),
    (
        "identity",
        "DELETE",
        "/v1/clients/{id}/secret/previous",
        OPERATORS,
    ),
    ("inventory", "POST", "/events/dead", SIDECAR),
    ("inventory", "POST", "/events/identity", SIDECAR),
    ("inventory", "POST", "/events/order", SIDECAR),
    ("inventory", "PUT", "/v1/reservations/{order}", ORDER),
    ("inventory", "GET", "/v1/reservations/{order}", ORDER),
    (
        "inventory",
        "POST",
        "/v1/reservations/{order}/release",
        ORDER,
    ),
    ("inventory", "GET", "/v1/stores/{store}/availability", BFF),
    ("inventory", "GET", "/v1/stores/{store}/stock", STAFF),
    (
        "inventory",
        "GET",
        "/v1/stores/{store}/stock/{item}/movements",
        STAFF,
    ),
    (
        "inventory",
        "PUT",
        "/v1/stores/{store}/stock/{item}/threshold",
        MANAGERS,
    ),
    ("inventory", "POST", "/v1/stores/{store}/receipts", MANAGERS),
    ("inventory", "POST", "/v1/stores/{store}/waste", MANAGERS),
    (
        "inventory",
        "POST",
        "/v1/stores/{store}/adjustments",
        MANAGERS,
    ),
    ("inventory", "GET", "/v1/dead-letters", OPERATORS),
    (
        "inventory",
        "POST",
        "/v1/dead-letters/{id}/redrive",
        OPERATORS,
    ),
    ("order", "GET", "/v1/dead-letters", OPERATORS),
    ("order", "POST", "/v1/dead-letters/{id}/redrive", OPERATORS),
    ("payment", "GET", "/v1/dead-letters", OPERATORS),
    (
        "payment",
        "POST",
        "/v1/dead-letters/{id}/redrive",
        OPERATORS,
    ),
    ("order", "POST", "/events/account", SIDECAR),
    ("order", "POST", "/events/dead", SIDECAR),
    ("order", "POST", "/events/identity", SIDECAR),
    ("order", "POST", "/events/inventory", SIDECAR),
    ("order", "POST", "/events/payment", SIDECAR),
    ("order", "GET", "/v1/orders", PEOPLE),
    ("order", "GET", "/v1/orders/{id}", PEOPLE),
    ("order", "GET", "/v1/orders/{id}/history", PEOPLE),
    ("order", "GET", "/v1/orders/{id}/timeline", PEOPLE),
    ("order", "GET", "/v1/stores/{store}/tickets", STAFF),
    ("order", "POST", "/v1/orders", PEOPLE),
    ("order", "POST", "/v1/orders/{id}/cancellation", PEOPLE),
    ("order", "POST", "/v1/orders/{id}/fulfilment", STAFF),
    ("order", "GET", "/v1/checkouts", OPERATORS),
    ("order", "GET", "/v1/checkouts/{order}", OPERATORS),
    ("order", "POST", "/v1/checkouts/{order}/retry", OPERATORS),
    ("order", "POST", "/v1/checkouts/{order}/settle", OPERATORS),
    ("order", "DELETE", "/v1/timeline", OPERATORS),
    ("payment", "POST", "/events/dead", SIDECAR),
    ("payment", "POST", "/events/identity", SIDECAR),
    ("payment", "POST", "/events/order", SIDECAR),
    ("payment", "PUT", "/v1/payments/{order}", ORDER),
    ("payment", "POST", "/v1/payments/{order}/capture", ORDER),
    ("payment", "POST", "/v1/payments/{order}/void", ORDER),
    ("payment", "POST", "/v1/payments/{order}/refund", ORDER),
    ("payment", "GET", "/v1/payments/{order}", MANAGERS),
    (
        "payment",
        "GET",
        "/v1/payments/{order}/transactions",
        MANAGERS,
    ),
    ("payment", "POST", "/v1/payments/{order}/refunds", MANAGERS),
    ("payment", "POST", "/v1/webhooks/provider", ANYONE),
];
