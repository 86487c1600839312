//! The access matrix: every route of every service, for every role and every service, and for bad tokens.
//!
//! Invariant: the routes are those that the services serve, which are those of their documents; who may call them is in
//! `matrix`, whose their resources are in `whose`, and neither may lack an entry.

pub mod matrix;
pub mod whose;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use e2e::client::plain;
use e2e::{Client, Role, Target};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use crate::stack::{self, routes, word};
use crate::tokens::{Person, Service};
use matrix::Caller::{Person as P, Service as S};
use matrix::{CALLERS, Expected, MATRIX, ORDER, SERVICES};

/// Whose sidecar may call a route: order's, if it is there for order alone, else the BFF's.
fn caller_of(app: &str, method: &str, path: &str) -> &'static str {
    let row = MATRIX
        .iter()
        .find(|row| (row.app, row.method.as_str(), row.path.as_str()) == (app, method, path));
    match row {
        Some(row) if row.expected == ORDER => "order",
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
    let expected = MATRIX.iter().map(|row| {
        let kind = match row.expected {
            Expected::Anyone => "public",
            Expected::OwnSidecar => "sidecar",
            Expected::Bearers(_) => "scope",
        };
        format!("{} {} {} {kind}", row.app, row.method, row.path)
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
    for audience in SERVICES {
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
        for row in MATRIX.iter().filter(|row| row.app == audience) {
            let (app, method, path) = (row.app, row.method.as_str(), row.path.as_str());
            let Expected::Bearers(allowed) = row.expected else {
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
                if method == "DELETE" && allowed.contains(caller) {
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
        let unauthorized = answer.status == StatusCode::UNAUTHORIZED;
        let turned_away = unauthorized && answer.body.contains("crema:not-signed-in");
        ensure!(
            turned_away == (row["access"] == "session"),
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
        "/crema.order.v1.Orders/GetOrder",
        "/v1/payments",
        "/v1/reservations",
        "/v1/webhooks/provider",
        "/dapr/subscribe",
        "/dapr/config",
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
