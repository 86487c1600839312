//! The services behind us, and which of them are away.
//!
//! Invariant: asking for it calls nobody: it is what the breakers have learnt from requests. It decides nothing about our
//! own readiness: a BFF whose order service is away still shows menus and signs people in.

use dapr_kit::Dapr;
use serde_json::Value;

/// Who is called by invocation.
const UPSTREAMS: [&str; 6] = [
    "catalog",
    "identity",
    "inventory",
    "order",
    "payment",
    "shipping",
];

/// For each, whether calls are let through.
#[must_use]
pub fn health(dapr: &Dapr) -> Value {
    let reached = |app: &&str| ((*app).to_owned(), dapr.reaches(app).into());
    Value::Object(UPSTREAMS.iter().map(reached).collect())
}
