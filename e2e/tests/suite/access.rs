//! The access matrix: every route of every service, for every role and every service, and for bad tokens.
//!
//! Invariant: the routes are those that the services serve, the expectations are written here; neither may lack a row.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use e2e::client::plain;
use e2e::{Client, Role, Target};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use crate::stack::{self, routes, word};
use crate::tokens::{Person, Service};

/// Someone with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Person(Role),
    Service(&'static str),
}

use Caller::{Person as P, Service as S};

const CALLERS: [Caller; 6] = [
    P(Role::Customer),
    P(Role::Barista),
    P(Role::Manager),
    P(Role::Admin),
    S("bff"),
    S("order"),
];

/// Who may call a route.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    /// Whoever comes by our sidecars: the route checks by its own protocol who is asking.
    Anyone,
    /// The service's own sidecar, to deliver an event.
    OwnSidecar,
    /// These, with a token for this very service.
    Bearers(&'static [Caller]),
}

const ANYONE: Expected = Expected::Anyone;
const SIDECAR: Expected = Expected::OwnSidecar;
const ORDER: Expected = Expected::Bearers(&[S("order")]);
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
const MATRIX: &[(&str, &str, &str, Expected)] = &[
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

/// Whose sidecar may call a route: order's, if it is there for order alone, else the BFF's.
fn caller_of(app: &str, method: &str, path: &str) -> &'static str {
    let row = MATRIX
        .iter()
        .find(|row| (row.0, row.1, row.2) == (app, method, path));
    match row {
        Some((.., expected)) if *expected == ORDER => "order",
        _ => "bff",
    }
}

/// Calls a route of a service the way every caller does, by service invocation, from a sidecar that may. Ids in the path
/// are of nothing.
pub async fn invoke(
    target: &Target,
    app: &str,
    method: &str,
    path: &str,
    token: Option<&str>,
) -> Result<StatusCode> {
    let sidecar = target.sidecar(caller_of(app, method, path))?;
    let path = of_nothing(path);
    let address = sidecar
        .url
        .join(&format!("/v1.0/invoke/{app}/method{path}"))?;
    let mut request = plain(target)?
        .request(method.parse::<Method>()?, address)
        .header("dapr-api-token", &sidecar.token);
    if ["POST", "PUT"].contains(&method) {
        request = request.json(&Value::Object(serde_json::Map::new()));
    }
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    Ok(request.send().await?.status())
}

/// A route's path with the ids of nothing.
fn of_nothing(path: &str) -> String {
    let nothing = Uuid::nil().to_string();
    let parts = path.split('/').map(|part| {
        if part.starts_with('{') {
            nothing.as_str()
        } else {
            part
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn the_matrix_has_a_row_for_every_route() -> Result<()> {
    let stack = stack::shared().await?;
    let mut served = BTreeSet::new();
    for app in stack.apps() {
        for row in routes(&stack, app).await? {
            if word(&row, "listener") == "public" {
                continue;
            }
            served.insert(format!(
                "{app} {} {} {}",
                word(&row, "method"),
                word(&row, "path"),
                kind(&row["access"])
            ));
        }
    }
    let expected = MATRIX.iter().map(|(app, method, path, expected)| {
        let kind = match expected {
            Expected::Anyone => "public",
            Expected::OwnSidecar => "sidecar",
            Expected::Bearers(_) => "scope",
        };
        format!("{app} {method} {path} {kind}")
    });
    assert_eq!(served, expected.collect());
    Ok(())
}

fn kind(access: &Value) -> &str {
    if access.get("scope").is_some() {
        "scope"
    } else {
        access.as_str().unwrap_or_default()
    }
}

#[tokio::test]
async fn every_route_lets_in_whom_it_should_and_nobody_else() -> Result<()> {
    let stack = stack::shared().await?;
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push((role, Person::demo(&stack, role).await?));
    }
    let admin = &people.last().context("an admin")?.1;
    for audience in ["catalog", "identity", "inventory", "order", "payment"] {
        let mut tokens = Vec::new();
        for caller in CALLERS {
            let token = match caller {
                P(role) => {
                    let (_, person) = people
                        .iter()
                        .find(|(other, _)| *other == role)
                        .context("a person")?;
                    person.if_any(audience).await?
                }
                S(app) => Service::of(&stack, app).await?.own(audience).await?,
            };
            tokens.push((caller, token));
        }
        let other = if audience == "order" {
            "catalog"
        } else {
            "order"
        };
        // The one who may do the most, but elsewhere.
        let elsewhere = [admin.at(other).await?, admin.at_bff().to_owned()];
        let good = tokens
            .iter()
            .find_map(|(_, token)| token.clone())
            .context("a token")?;
        let bad: Vec<_> = [None]
            .into_iter()
            .chain(elsewhere.into_iter().chain(forgeries(&good)?).map(Some))
            .collect();
        for (app, method, path, expected) in MATRIX.iter().filter(|row| row.0 == audience) {
            let Expected::Bearers(allowed) = expected else {
                continue;
            };
            for (index, token) in bad.iter().enumerate() {
                let status = invoke(&stack, app, method, path, token.as_deref()).await?;
                ensure!(
                    status == StatusCode::UNAUTHORIZED,
                    "{app} {method} {path}: {status} for bad token {index}"
                );
            }
            for (caller, token) in &tokens {
                let Some(token) = token else {
                    ensure!(
                        !allowed.contains(caller),
                        "{caller:?} should reach {app} {method} {path}, but gets no token"
                    );
                    continue;
                };
                // It would do what it is there for: the read model would be empty for the tests that look at it.
                if *method == "DELETE" && allowed.contains(caller) {
                    continue;
                }
                let status = invoke(&stack, app, method, path, Some(token)).await?;
                let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status);
                ensure!(
                    !status.is_server_error(),
                    "{app} {method} {path} fails for {caller:?} with {status}"
                );
                if allowed.contains(caller) {
                    ensure!(
                        !refused,
                        "{app} {method} {path} refuses {caller:?} with {status}"
                    );
                } else {
                    ensure!(
                        status == StatusCode::FORBIDDEN,
                        "{app} {method} {path} lets {caller:?} in: {status}"
                    );
                }
            }
        }
    }
    Ok(())
}

/// Tokens made of a good one without the key: unsigned, signed by nobody, and with the signature of other claims.
fn forgeries(good: &str) -> Result<[String; 4]> {
    // {"alg":"none","typ":"at+jwt"}
    const UNSIGNED: &str = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        anyhow::bail!("a token has three parts");
    };
    let flipped: String = signature.chars().rev().collect();
    let (first, rest) = claims.split_at(claims.len() / 2);
    Ok([
        format!("{UNSIGNED}.{claims}."),
        format!("{header}.{claims}.{flipped}"),
        format!("{header}.{rest}{first}.{signature}"),
        "no token at all".to_owned(),
    ])
}

/// What the public listener asks of those who are not signed in, on every route that it serves.
#[tokio::test]
async fn nobody_gets_in_without_signing_in() -> Result<()> {
    let stack = stack::shared().await?;
    let visitor = Client::new(&stack)?;
    let mut closed = 0;
    for row in routes(&stack, "bff").await? {
        if word(&row, "listener") != "public" {
            continue;
        }
        let (method, path) = (word(&row, "method"), of_nothing(word(&row, "path")));
        let (request, trace) = visitor.request(&method.parse::<Method>()?, &path)?;
        let mut request = request
            .header("idempotency-key", "k")
            .header("if-match", "\"1\"");
        if ["POST", "PUT"].contains(&method) {
            request = request.json(&Value::Null);
        }
        let answer = visitor.send((request, trace)).await?;
        let turned_away = answer.body.contains("crema:not-signed-in");
        ensure!(
            turned_away == (row["access"] == "session"),
            "{method} {path}: {}",
            answer.status
        );
        ensure!(
            !turned_away || answer.status == StatusCode::UNAUTHORIZED,
            "{method} {path}: {}",
            answer.status
        );
        closed += usize::from(turned_away);
    }
    // Orders, boards, stock, money, letters: far more than these.
    ensure!(closed > 20, "only {closed} routes need a session");
    Ok(())
}

/// What is served behind the public listener only: the paths of the sidecars' world don't exist there.
#[tokio::test]
async fn the_inside_is_not_published() -> Result<()> {
    let stack = stack::shared().await?;
    let visitor = Client::new(&stack)?;
    for path in [
        "/events/order",
        "/events/account",
        "/events/identity",
        "/events/inventory",
        "/events/payment",
        "/events/dead",
        "/v1/payments",
        "/v1/reservations",
        "/v1/webhooks/provider",
        "/dapr/subscribe",
        "/dapr/config",
        "/v1/quotes",
        "/routes",
        "/metrics",
        "/readyz",
        "/v1.0/metadata",
    ] {
        let answer = visitor.get(path).await?;
        ensure!(
            answer.status == StatusCode::NOT_FOUND,
            "{path}: {}",
            answer.status
        );
    }
    Ok(())
}
