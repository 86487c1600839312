//! Who may call which route of a service at all: every row of its table against every kind of caller.
//!
//! Invariant: the rows are those that are served, so one that is added is asked too.

use axum::Router;
use axum::body::Body;
use http::{HeaderValue, Request, header};
use service::routes::{Access, Route};
use uuid::Uuid;

use crate::Issuer;
use crate::call::{request, send};

/// Holds that every row of `table` needs the sidecar of `app`, a token for it, and the row's own of all `scopes`, or that it
/// is the sidecar's alone. Returns the paths of the others: those that are open to whoever comes through the sidecar.
///
/// # Panics
/// If one lets somebody in whom it should not, or refuses somebody who may.
pub async fn holds(
    router: &Router,
    table: &[Route],
    issuer: &Issuer,
    app: &str,
    scopes: &str,
) -> Vec<&'static str> {
    let whoever = |scopes: &str| token(issuer, app, scopes, 0);
    let mut open = Vec::new();
    for row in table {
        let path = filled(row.path);
        let call = |token: &str| {
            let request = request(row.method.clone(), &path, token);
            request.body(Body::empty()).expect("a request")
        };
        let refused = async |request: Request<Body>, status: u16, slug: &str| {
            let answer = send(router, request).await;
            let refusal = (status, slug.to_owned());
            assert_eq!(answer.problem(), refusal, "{} {path}", row.method);
        };

        let mut direct = call(&whoever(scopes));
        direct.headers_mut().remove("dapr-api-token");
        refused(direct, 401, "not-our-sidecar").await;
        let mut from_another = call(&whoever(scopes));
        let another = HeaderValue::from_static("another");
        from_another.headers_mut().insert("dapr-api-token", another);
        refused(from_another, 401, "not-our-sidecar").await;

        let scope = match row.access {
            Access::Scope(scope) => scope,
            Access::Sidecar => {
                let mut invoked = call(&whoever(scopes));
                let caller = HeaderValue::from_static("order");
                invoked.headers_mut().insert("dapr-caller-app-id", caller);
                refused(invoked, 401, "not-our-sidecar").await;
                continue;
            }
            Access::Public => {
                open.push(row.path);
                continue;
            }
            other @ (Access::Session | Access::Bearer) => panic!("{path}: {other:?} is the BFF's"),
        };
        let others: Vec<_> = scopes.split(' ').filter(|one| *one != scope).collect();
        refused(call(&whoever(&others.join(" "))), 403, "forbidden").await;
        for invalid in [
            token(issuer, "another", scopes, 0),
            token(issuer, app, scopes, 900),
            token(&Issuer::new(), app, scopes, 0),
            "no.token.atall".to_owned(),
        ] {
            refused(call(&invalid), 401, "invalid-token").await;
        }
        let mut anonymous = call("");
        anonymous.headers_mut().remove(header::AUTHORIZATION);
        refused(anonymous, 401, "unauthenticated").await;
        let status = send(router, call(&whoever(scope))).await.status.as_u16();
        assert!(status != 401 && status != 403, "{path} with its own scope");
    }
    open
}

/// The token of somebody with these scopes, of so many seconds before.
fn token(issuer: &Issuer, audience: &str, scopes: &str, age: i64) -> String {
    issuer.token(audience, |claims| {
        claims.person(Uuid::from_u128(2), "whoever");
        scopes.clone_into(&mut claims.scope);
        claims.exp -= age;
    })
}

/// A path with an id in place of each parameter.
fn filled(path: &str) -> String {
    let id = Uuid::from_u128(1).to_string();
    let parts = path.split('/');
    let parts = parts.map(|part| if part.starts_with('{') { &id } else { part });
    parts.collect::<Vec<_>>().join("/")
}
