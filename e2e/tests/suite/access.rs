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
#[derive(Debug)]
enum Expected {
    /// Whoever comes by our sidecars: the route checks by its own protocol who is asking.
    Anyone,
    /// The service's own sidecar, to deliver an event.
    OwnSidecar,
    /// These, with a token for this very service.
    Bearers(&'static [Caller]),
}

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
    ("bff", "POST", "/events/identity", Expected::OwnSidecar),
    ("bff", "POST", "/events/inventory", Expected::OwnSidecar),
    ("bff", "POST", "/events/order", Expected::OwnSidecar),
    ("bff", "GET", "/dapr/subscribe", Expected::OwnSidecar),
    ("catalog", "POST", "/events/identity", Expected::OwnSidecar),
    ("catalog", "GET", "/v1/stores", READERS),
    ("catalog", "GET", "/v1/stores/{store}/menu", READERS),
    ("catalog", "POST", "/v1/quotes", ORDER),
    (
        "identity",
        "GET",
        "/.well-known/oauth-authorization-server",
        Expected::Anyone,
    ),
    (
        "identity",
        "GET",
        "/.well-known/openid-configuration",
        Expected::Anyone,
    ),
    ("identity", "GET", "/account", Expected::Anyone),
    ("identity", "GET", "/account/delete", Expected::Anyone),
    ("identity", "POST", "/account/delete", Expected::Anyone),
    ("identity", "GET", "/account/email", Expected::Anyone),
    ("identity", "POST", "/account/email", Expected::Anyone),
    ("identity", "GET", "/account/export", Expected::Anyone),
    ("identity", "GET", "/account/password", Expected::Anyone),
    ("identity", "POST", "/account/password", Expected::Anyone),
    ("identity", "GET", "/account/profile", Expected::Anyone),
    ("identity", "POST", "/account/profile", Expected::Anyone),
    ("identity", "GET", "/account/security", Expected::Anyone),
    (
        "identity",
        "POST",
        "/account/security/begin",
        Expected::Anyone,
    ),
    (
        "identity",
        "POST",
        "/account/security/recovery-codes",
        Expected::Anyone,
    ),
    (
        "identity",
        "POST",
        "/account/security/remove",
        Expected::Anyone,
    ),
    (
        "identity",
        "GET",
        "/account/security/set-up",
        Expected::Anyone,
    ),
    (
        "identity",
        "POST",
        "/account/security/set-up",
        Expected::Anyone,
    ),
    (
        "identity",
        "POST",
        "/account/sessions/end",
        Expected::Anyone,
    ),
    (
        "identity",
        "POST",
        "/account/applications/withdraw",
        Expected::Anyone,
    ),
    ("identity", "GET", "/change-email", Expected::Anyone),
    ("identity", "POST", "/change-email", Expected::Anyone),
    ("identity", "POST", "/consent", Expected::Anyone),
    ("identity", "GET", "/forgot-password", Expected::Anyone),
    ("identity", "POST", "/forgot-password", Expected::Anyone),
    ("identity", "GET", "/reset-password", Expected::Anyone),
    ("identity", "POST", "/reset-password", Expected::Anyone),
    ("identity", "GET", "/sign-in/code", Expected::Anyone),
    ("identity", "POST", "/sign-in/code", Expected::Anyone),
    (
        "identity",
        "GET",
        "/sign-in/second-factor",
        Expected::Anyone,
    ),
    (
        "identity",
        "POST",
        "/sign-in/second-factor",
        Expected::Anyone,
    ),
    (
        "identity",
        "POST",
        "/sign-in/with/{provider}",
        Expected::Anyone,
    ),
    (
        "identity",
        "GET",
        "/sign-in/with/{provider}/callback",
        Expected::Anyone,
    ),
    ("identity", "GET", "/account/links", Expected::Anyone),
    ("identity", "POST", "/account/links/begin", Expected::Anyone),
    (
        "identity",
        "POST",
        "/account/links/remove",
        Expected::Anyone,
    ),
    ("identity", "GET", "/verify-email", Expected::Anyone),
    ("identity", "POST", "/verify-email", Expected::Anyone),
    ("identity", "GET", "/verify-email/again", Expected::Anyone),
    ("identity", "POST", "/verify-email/again", Expected::Anyone),
    ("identity", "GET", "/identity.css", Expected::Anyone),
    ("identity", "GET", "/oauth2/authorize", Expected::Anyone),
    ("identity", "GET", "/oauth2/jwks", Expected::Anyone),
    ("identity", "GET", "/oauth2/logout", Expected::Anyone),
    ("identity", "GET", "/oauth2/userinfo", Expected::Anyone),
    ("identity", "GET", "/register", Expected::Anyone),
    ("identity", "GET", "/sign-in", Expected::Anyone),
    ("identity", "POST", "/oauth2/authorize", Expected::Anyone),
    ("identity", "POST", "/oauth2/introspect", Expected::Anyone),
    ("identity", "POST", "/oauth2/logout", Expected::Anyone),
    ("identity", "POST", "/oauth2/revoke", Expected::Anyone),
    ("identity", "POST", "/oauth2/token", Expected::Anyone),
    ("identity", "POST", "/oauth2/userinfo", Expected::Anyone),
    ("identity", "POST", "/register", Expected::Anyone),
    ("identity", "POST", "/sign-in", Expected::Anyone),
    ("identity", "POST", "/sign-out", Expected::Anyone),
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
    ("inventory", "POST", "/events/dead", Expected::OwnSidecar),
    (
        "inventory",
        "POST",
        "/events/identity",
        Expected::OwnSidecar,
    ),
    ("inventory", "POST", "/events/order", Expected::OwnSidecar),
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
    ("order", "POST", "/events/account", Expected::OwnSidecar),
    ("order", "POST", "/events/dead", Expected::OwnSidecar),
    ("order", "POST", "/events/identity", Expected::OwnSidecar),
    ("order", "POST", "/events/inventory", Expected::OwnSidecar),
    ("order", "POST", "/events/payment", Expected::OwnSidecar),
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
    ("payment", "POST", "/events/dead", Expected::OwnSidecar),
    ("payment", "POST", "/events/identity", Expected::OwnSidecar),
    ("payment", "POST", "/events/order", Expected::OwnSidecar),
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
    ("payment", "POST", "/v1/webhooks/provider", Expected::Anyone),
];

/// Calls a route of a service the way every caller does, by service invocation, here from the BFF's sidecar. Ids in the
/// path are of nothing.
pub async fn invoke(
    target: &Target,
    app: &str,
    method: &str,
    path: &str,
    token: Option<&str>,
) -> Result<StatusCode> {
    let path = of_nothing(path);
    let sidecar = target.sidecar("bff")?;
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
        "/v1/orders",
        "/v1/stores",
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
