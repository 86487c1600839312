//! What each service may do through its sidecar, as the documents have it: docs/architecture.md, docs/events.md.
//!
//! Invariant: written by hand; nothing here is read from the files that make it so.

/// An app, the secrets that it may read, and those that its sidecar alone reads.
pub const SECRETS: [(&str, &[&str], &[&str]); 9] = [
    (
        "bff",
        &["client", "session", "tls"],
        &["dapr", "redis", "state"],
    ),
    (
        "identity",
        &[
            "clients",
            "database",
            "demo",
            "federation",
            "signing",
            "totp",
        ],
        &["dapr", "redis"],
    ),
    ("catalog", &["database", "quotes"], &["dapr"]),
    ("order", &["client", "database"], &["dapr"]),
    ("inventory", &["database"], &["dapr"]),
    ("payment", &["database", "webhook"], &["dapr", "provider"]),
    ("acquirer", &["merchant"], &["dapr"]),
    ("shipping", &["database"], &["courier", "dapr"]),
    ("carrier", &["shipper"], &["dapr"]),
];

/// A component, and the apps whose sidecars have it.
pub const COMPONENTS: [(&str, &[&str]); 9] = [
    ("courier", &["shipping"]),
    ("email", &["identity"]),
    ("provider", &["payment"]),
    (
        "pubsub",
        &[
            "bff",
            "identity",
            "catalog",
            "order",
            "inventory",
            "payment",
            "shipping",
        ],
    ),
    (
        "pubsub-dead",
        &["order", "inventory", "payment", "shipping"],
    ),
    (
        "pubsub-live",
        &[
            "bff",
            "catalog",
            "order",
            "inventory",
            "payment",
            "shipping",
        ],
    ),
    (
        "secretstore",
        &[
            "bff",
            "identity",
            "catalog",
            "order",
            "inventory",
            "payment",
            "acquirer",
            "shipping",
            "carrier",
        ],
    ),
    ("statestore", &["bff", "identity"]),
    ("statestore-durable", &["bff"]),
];

/// A component, a topic, who publishes to it, and who hears it.
pub type Topic = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const LIVE: &str = "pubsub-live";
const DEAD: &str = "pubsub-dead";

/// Dead letters are written by the sidecar of who could not handle the event, and heard by the same service.
pub const TOPICS: [Topic; 41] = [
    (
        "pubsub",
        "order-events",
        &["order"],
        &["inventory", "order", "payment", "shipping"],
    ),
    ("pubsub", "inventory-events", &["inventory"], &["order"]),
    ("pubsub", "payment-events", &["payment"], &["order"]),
    (
        "pubsub",
        "identity-events",
        &["identity"],
        &["bff", "order", "shipping"],
    ),
    ("pubsub", "catalog-events", &["catalog"], &[]),
    ("pubsub", "order-events.order.dead", &["order"], &[]),
    ("pubsub", "shipping-events", &["shipping"], &["order"]),
    ("pubsub", "order-events.inventory.dead", &["inventory"], &[]),
    ("pubsub", "order-events.payment.dead", &["payment"], &[]),
    ("pubsub", "order-events.shipping.dead", &["shipping"], &[]),
    ("pubsub", "payment-events.order.dead", &["order"], &[]),
    ("pubsub", "inventory-events.order.dead", &["order"], &[]),
    ("pubsub", "shipping-events.order.dead", &["order"], &[]),
    ("pubsub", "identity-events.order.dead", &["order"], &[]),
    ("pubsub", "identity-events.bff.dead", &["bff"], &[]),
    (
        "pubsub",
        "identity-events.shipping.dead",
        &["shipping"],
        &[],
    ),
    (LIVE, "order-events", &[], &["bff"]),
    (LIVE, "inventory-events", &[], &["bff"]),
    (
        LIVE,
        "identity-events",
        &[],
        &[
            "bff",
            "catalog",
            "order",
            "inventory",
            "payment",
            "shipping",
        ],
    ),
    (LIVE, "catalog-events", &[], &["bff"]),
    (LIVE, "order-events.bff.dead", &["bff"], &[]),
    (LIVE, "catalog-events.bff.dead", &["bff"], &[]),
    (LIVE, "inventory-events.bff.dead", &["bff"], &[]),
    (LIVE, "identity-events.bff.dead", &["bff"], &[]),
    (LIVE, "identity-events.catalog.dead", &["catalog"], &[]),
    (LIVE, "identity-events.order.dead", &["order"], &[]),
    (LIVE, "identity-events.inventory.dead", &["inventory"], &[]),
    (LIVE, "identity-events.payment.dead", &["payment"], &[]),
    (DEAD, "order-events.order.dead", &[], &["order"]),
    (LIVE, "identity-events.shipping.dead", &["shipping"], &[]),
    (DEAD, "order-events.inventory.dead", &[], &["inventory"]),
    (DEAD, "order-events.payment.dead", &[], &["payment"]),
    (DEAD, "order-events.shipping.dead", &[], &["shipping"]),
    (DEAD, "payment-events.order.dead", &[], &["order"]),
    (DEAD, "inventory-events.order.dead", &[], &["order"]),
    (DEAD, "shipping-events.order.dead", &[], &["order"]),
    (DEAD, "identity-events.order.dead", &[], &["order"]),
    (DEAD, "identity-events.inventory.dead", &[], &["inventory"]),
    (DEAD, "identity-events.payment.dead", &[], &["payment"]),
    (DEAD, "identity-events.shipping.dead", &[], &["shipping"]),
    ("pubsub", "unheard-of", &[], &[]),
];

/// A caller, whom it calls, the methods, and the beginning of the path.
pub type Call = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

const READ: &[&str] = &["GET"];
const WRITE: &[&str] = &["POST"];
const BOTH: &[&str] = &["GET", "POST"];
const EDIT: &[&str] = &["DELETE", "GET", "POST", "PUT"];

/// Nobody calls the BFF, the acquirer and the carrier, which have entries of their own, and the last two call nobody.
pub const CALLS: [Call; 56] = [
    ("bff", "catalog", EDIT, "/v1/stores"),
    ("bff", "catalog", EDIT, "/v1/categories"),
    ("bff", "catalog", EDIT, "/v1/products"),
    ("bff", "catalog", EDIT, "/v1/option-groups"),
    ("bff", "catalog", EDIT, "/v1/discounts"),
    ("bff", "catalog", READ, "/v1/images"),
    ("bff", "catalog", WRITE, "/v1/quotes"),
    ("bff", "catalog", WRITE, "/crema.catalog.v1.Catalog"),
    ("bff", "identity", READ, "/.well-known"),
    ("bff", "identity", BOTH, "/oauth2"),
    ("bff", "identity", BOTH, "/sign-in"),
    ("bff", "identity", BOTH, "/register"),
    ("bff", "identity", WRITE, "/sign-out"),
    ("bff", "identity", WRITE, "/consent"),
    ("bff", "identity", BOTH, "/verify-email"),
    ("bff", "identity", BOTH, "/forgot-password"),
    ("bff", "identity", BOTH, "/reset-password"),
    ("bff", "identity", BOTH, "/change-email"),
    ("bff", "identity", BOTH, "/account"),
    ("bff", "identity", READ, "/identity.css"),
    ("bff", "identity", &["GET", "POST", "PUT"], "/v1/users"),
    ("bff", "identity", READ, "/v1/audit"),
    ("bff", "identity", EDIT, "/v1/clients"),
    ("bff", "inventory", &["GET", "POST", "PUT"], "/v1/stores"),
    ("bff", "inventory", BOTH, "/v1/dead-letters"),
    ("bff", "order", BOTH, "/v1/orders"),
    ("bff", "order", BOTH, "/v1/returns"),
    ("bff", "order", &["GET", "PUT"], "/v1/stores"),
    ("bff", "order", BOTH, "/v1/checkouts"),
    ("bff", "order", &["DELETE"], "/v1/timeline"),
    ("bff", "order", &["DELETE"], "/v1/sales"),
    ("bff", "order", BOTH, "/v1/dead-letters"),
    ("bff", "order", WRITE, "/crema.order.v1.Orders"),
    ("bff", "payment", BOTH, "/v1/payments"),
    ("bff", "payment", WRITE, "/v1/webhooks/provider"),
    ("bff", "payment", BOTH, "/v1/reconciliations"),
    ("bff", "payment", BOTH, "/v1/divergences"),
    ("bff", "payment", BOTH, "/v1/dead-letters"),
    ("bff", "shipping", WRITE, "/v1/quotes"),
    ("bff", "shipping", READ, "/v1/shipments"),
    ("bff", "shipping", &["GET", "PUT"], "/v1/stores"),
    ("bff", "shipping", BOTH, "/v1/dead-letters"),
    ("order", "catalog", WRITE, "/v1/quotes"),
    ("order", "catalog", READ, "/v1/stores"),
    (
        "order",
        "inventory",
        &["GET", "POST", "PUT"],
        "/v1/reservations",
    ),
    ("order", "inventory", &["PUT"], "/v1/returns"),
    ("order", "payment", &["POST", "PUT"], "/v1/payments"),
    ("order", "shipping", &["PUT"], "/v1/shipments"),
    ("order", "identity", WRITE, "/oauth2/token"),
    ("order", "identity", READ, "/oauth2/jwks"),
    ("catalog", "identity", READ, "/oauth2/jwks"),
    ("inventory", "identity", READ, "/oauth2/jwks"),
    ("payment", "identity", READ, "/oauth2/jwks"),
    ("shipping", "identity", READ, "/oauth2/jwks"),
    // The payment provider, a foreign party behind an endpoint of its sidecar.
    ("payment", "provider", READ, "/v1/operations"),
    // The delivery company, another.
    ("shipping", "courier", READ, "/v1/updates"),
];
