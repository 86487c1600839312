//! Who may call which route: the access matrix, made of the services' committed documents.
//!
//! Invariant: a document says which scope a route needs and nothing more is believed of it. Who holds a scope, and whose
//! a route's resource is, are written here from what the services are for; a route without an entry fails, and so does
//! one whose scope is for others than its resource is.

use std::path::Path;
use std::sync::LazyLock;

use e2e::Role;
use serde_json::Value;

use super::whose::{Whose, whose};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whoever comes by our sidecars: the route checks by its own protocol who is asking.
    Anyone,
    /// The service's own sidecar, to deliver an event.
    OwnSidecar,
    /// These, with a token for this very service.
    Bearers(&'static [Caller]),
}

/// For order alone.
pub const ORDER: Expected = Expected::Bearers(&[S("order")]);
const BFF: &[Caller] = &[S("bff")];
const SAGA: &[Caller] = &[S("order")];
const PEOPLE: &[Caller] = &[
    P(Role::Customer),
    P(Role::Barista),
    P(Role::Manager),
    P(Role::Admin),
];
const READERS: &[Caller] = &[
    P(Role::Customer),
    P(Role::Barista),
    P(Role::Manager),
    P(Role::Admin),
    S("bff"),
];
/// Whoever may place an order, and order itself, which asks anew when one is placed.
const BUYERS: &[Caller] = &[
    P(Role::Customer),
    P(Role::Barista),
    P(Role::Manager),
    P(Role::Admin),
    S("order"),
];
const STAFF: &[Caller] = &[P(Role::Barista), P(Role::Manager), P(Role::Admin)];
const MANAGERS: &[Caller] = &[P(Role::Manager), P(Role::Admin)];
const OPERATORS: &[Caller] = &[P(Role::Admin)];

/// Who holds a scope, and whose resources it is for.
const SCOPES: [(&str, &[Caller], &[Whose]); 26] = [
    (
        "catalog:manage",
        MANAGERS,
        &[Whose::Companys, Whose::Stores],
    ),
    ("catalog:quote", BUYERS, &[Whose::Everybodys]),
    ("catalog:read", READERS, &[Whose::Everybodys]),
    ("identity:operate", OPERATORS, &[Whose::Operators]),
    ("inventory:availability", BFF, &[Whose::Everybodys]),
    ("inventory:manage", MANAGERS, &[Whose::Stores]),
    ("inventory:operate", OPERATORS, &[Whose::Operators]),
    ("inventory:read", STAFF, &[Whose::Stores]),
    ("inventory:reserve", SAGA, &[Whose::Sagas]),
    ("order:cancel", PEOPLE, &[Whose::Customers]),
    ("order:fulfil", STAFF, &[Whose::Stores]),
    ("order:manage", MANAGERS, &[Whose::Stores]),
    ("order:operate", OPERATORS, &[Whose::Operators]),
    ("order:place", PEOPLE, &[Whose::Callers]),
    ("order:read", PEOPLE, &[Whose::Callers, Whose::Customers]),
    ("order:slots", READERS, &[Whose::Everybodys]),
    ("payment:charge", SAGA, &[Whose::Sagas]),
    ("payment:operate", OPERATORS, &[Whose::Operators]),
    ("payment:read", MANAGERS, &[Whose::Stores]),
    ("payment:refund", MANAGERS, &[Whose::Stores]),
    ("shipping:announce", SAGA, &[Whose::Sagas]),
    ("shipping:dispatch", STAFF, &[Whose::Stores]),
    ("shipping:manage", MANAGERS, &[Whose::Stores]),
    ("shipping:operate", OPERATORS, &[Whose::Operators]),
    ("shipping:quote", PEOPLE, &[Whose::Everybodys]),
    ("shipping:read", PEOPLE, &[Whose::Customers]),
];

/// One route.
#[derive(Clone, Debug)]
pub struct Row {
    /// Of which service.
    pub app: &'static str,
    /// The method.
    pub method: String,
    /// The path, with `{parameters}`.
    pub path: String,
    /// The scope that it needs, if it needs one.
    pub scope: Option<String>,
    /// Who may call it.
    pub expected: Expected,
}

/// The services with a document.
pub const SERVICES: [&str; 6] = [
    "catalog",
    "identity",
    "inventory",
    "order",
    "payment",
    "shipping",
];

/// What the BFF's own sidecar delivers: its document is of the public listener.
const DELIVERED: [(&str, &str); 6] = [
    ("POST", "/events/catalog"),
    ("POST", "/events/account"),
    ("POST", "/events/identity"),
    ("POST", "/events/inventory"),
    ("POST", "/events/order"),
    ("GET", "/dapr/subscribe"),
];

/// The matrix.
pub static MATRIX: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let delivered = DELIVERED.iter().map(|(method, path)| Row {
        app: "bff",
        method: (*method).to_owned(),
        path: (*path).to_owned(),
        scope: None,
        expected: Expected::OwnSidecar,
    });
    let documented = SERVICES
        .into_iter()
        .flat_map(|app| rows(app, &document(app)));
    delivered.chain(documented).collect()
});

/// A service's committed document.
fn document(app: &str) -> Value {
    let apps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../apps");
    let text = std::fs::read_to_string(apps.join(app).join("openapi.json"));
    serde_json::from_str(&text.expect("a committed document")).expect("JSON")
}

/// The routes of a document.
fn rows(app: &'static str, document: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let access = &operation["x-access"];
            let scope = access["scope"].as_str().map(str::to_owned);
            let expected = match (access.as_str(), &scope) {
                (Some("public"), _) => Expected::Anyone,
                (Some("sidecar"), _) => Expected::OwnSidecar,
                (_, Some(scope)) => Expected::Bearers(holders(scope).unwrap_or_default().0),
                _ => panic!("{app} {method} {path}: {access}"),
            };
            rows.push(Row {
                app,
                method: method.to_uppercase(),
                path: path.clone(),
                scope,
                expected,
            });
        }
    }
    rows
}

fn holders(scope: &str) -> Option<(&'static [Caller], &'static [Whose])> {
    let found = SCOPES.iter().find(|(name, ..)| *name == scope);
    found.map(|(_, callers, whose)| (*callers, *whose))
}

/// What is wrong with the entries for these routes.
fn faults(rows: &[Row]) -> Vec<String> {
    let mut faults = Vec::new();
    for row in rows {
        let Row {
            app,
            method,
            path,
            scope,
            expected,
        } = row;
        let entry = whose(app, method, path);
        let said = match (expected, scope) {
            (Expected::OwnSidecar, _) => continue,
            (Expected::Anyone, _) => entry == Some(Whose::Protocols),
            (_, Some(scope)) => holders(scope)
                .is_some_and(|(_, theirs)| entry.is_some_and(|entry| theirs.contains(&entry))),
            _ => false,
        };
        if !said {
            faults.push(format!("{app} {method} {path} ({scope:?}): {entry:?}"));
        }
    }
    faults
}

#[test]
fn every_route_of_the_documents_has_an_entry_that_fits_its_scope() {
    assert_eq!(faults(&MATRIX), Vec::<String>::new());
    let stale: Vec<_> = super::whose::entries()
        .filter(|(app, route)| {
            !MATRIX
                .iter()
                .any(|row| row.app == *app && format!("{} {}", row.method, row.path) == *route)
        })
        .collect();
    assert!(stale.is_empty(), "entries without a route: {stale:?}");
}

#[test]
fn a_new_route_without_an_entry_fails() {
    let with = |path: &str, access: Value| {
        let document = serde_json::json!({ "paths": { path: { "get": { "x-access": access } } } });
        faults(&rows("order", &document))
    };
    let scope = |scope: &str| serde_json::json!({ "scope": scope });
    assert_eq!(
        with("/v1/orders/{id}", scope("order:read")),
        Vec::<String>::new()
    );
    assert_eq!(
        with("/v1/orders/{id}/secrets", scope("order:read")).len(),
        1,
        "no entry"
    );
    assert_eq!(
        with("/v1/orders/{id}", scope("order:new")).len(),
        1,
        "a scope that nobody holds"
    );
    assert_eq!(
        with("/v1/checkouts", scope("order:read")).len(),
        1,
        "a scope for others than its owners"
    );
    assert_eq!(
        with("/v1/orders/{id}", "public".into()).len(),
        1,
        "open to everybody"
    );
}
