//! Who may call what: every route of the table, with every kind of caller that must not pass.

use ::catalog::routes;
use axum::body::Body;
use http::Request;
use service::routes::Access;
use testkit::{APP_TOKEN, Issuer};

use crate::catalog::{Answer, Catalog, RYNEK};

const SCOPES: [&str; 3] = ["catalog:read", "catalog:quote", "catalog:manage"];

struct Route {
    method: http::Method,
    path: String,
    scope: &'static str,
}

fn table() -> Vec<Route> {
    let rows = routes::table();
    let rows = rows.table();
    assert_eq!(rows.len(), 45);
    rows.iter()
        // The sidecar's own, where events come in.
        .filter(|row| row.path != "/events/identity")
        .map(|row| {
            let Access::Scope(scope) = row.access else {
                panic!("{} is open", row.path)
            };
            Route {
                method: row.method.clone(),
                path: filled(row.path),
                scope,
            }
        })
        .collect()
}

/// A path with an id in place of each parameter.
fn filled(path: &str) -> String {
    let parts = path.split('/');
    let parts = parts.map(|part| if part.starts_with('{') { RYNEK } else { part });
    parts.collect::<Vec<_>>().join("/")
}

async fn call(
    catalog: &Catalog,
    route: &Route,
    token: Option<&str>,
    sidecar: Option<&str>,
) -> Answer {
    let mut request = Request::builder()
        .method(route.method.clone())
        .uri(&route.path)
        .header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if let Some(sidecar) = sidecar {
        request = request.header("dapr-api-token", sidecar);
    }
    catalog
        .send(request.body(Body::from("{}")).expect("a request"))
        .await
}

#[tokio::test]
async fn a_token_must_be_there_be_ours_and_be_for_this() {
    let catalog = Catalog::start().await;
    for route in table() {
        let scoped = |issuer: &Issuer, audience: &str, scope: &str| {
            let scope = scope.to_owned();
            issuer.token(audience, |claims| claims.scope = scope)
        };
        let status = async |token: Option<&str>| {
            call(&catalog, &route, token, Some(APP_TOKEN))
                .await
                .status
                .as_u16()
        };
        let path = &route.path;
        assert_eq!(status(None).await, 401, "{path} without a token");
        let elsewhere = scoped(&catalog.issuer, "order", route.scope);
        assert_eq!(
            status(Some(&elsewhere)).await,
            401,
            "{path} with another audience"
        );
        let foreign = scoped(&Issuer::new(), "catalog", route.scope);
        assert_eq!(
            status(Some(&foreign)).await,
            401,
            "{path} with another issuer's key"
        );
        let late = catalog.issuer.token("catalog", |claims| {
            claims.scope = route.scope.to_owned();
            claims.exp -= 600;
        });
        assert_eq!(
            status(Some(&late)).await,
            401,
            "{path} with an expired token"
        );
        for other in SCOPES.into_iter().filter(|scope| *scope != route.scope) {
            let token = scoped(&catalog.issuer, "catalog", other);
            let answer = call(&catalog, &route, Some(&token), Some(APP_TOKEN)).await;
            assert_eq!(
                answer.problem(),
                (403, "forbidden".to_owned()),
                "{path} with {other}"
            );
        }
        let right = scoped(&catalog.issuer, "catalog", route.scope);
        let passed = status(Some(&right)).await;
        assert!(passed != 401 && passed != 403, "{path} with its own scope");
    }
}

#[tokio::test]
async fn only_our_sidecar_is_heard() {
    let catalog = Catalog::start().await;
    for route in table() {
        let token = catalog
            .issuer
            .token("catalog", |claims| claims.scope = route.scope.to_owned());
        for sidecar in [None, Some("another")] {
            let answer = call(&catalog, &route, Some(&token), sidecar).await;
            assert_eq!(answer.status.as_u16(), 401, "{}", route.path);
        }
    }
}
