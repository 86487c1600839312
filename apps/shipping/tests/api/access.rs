//! Who may call which route at all: every row of the table against every kind of caller.

use axum::body::Body;
use axum::http::{Request, header};
use service::routes::Access;
use shipping::routes;
use uuid::Uuid;

use crate::world::{ADA, SCOPES, World, request};

#[tokio::test]
async fn every_route_needs_our_sidecar_a_token_for_us_and_its_scope() {
    let world = World::new().await;
    let table = routes::table();
    assert_eq!(table.table().len(), 12);
    for route in table.table() {
        let id = Uuid::from_u128(1).to_string();
        let path = ["{order}", "{store}", "{id}"]
            .iter()
            .fold(route.path.to_owned(), |path, name| path.replace(name, &id));
        let method = route.method.clone();
        let mut direct: Request<Body> =
            request(method.clone(), &path, &world.token(ADA, SCOPES, &[]))
                .body(Body::empty())
                .expect("a request");
        direct.headers_mut().remove("dapr-api-token");
        assert_eq!(
            world.send(direct).await.problem(),
            (401, "not-our-sidecar".into()),
            "{path}"
        );
        let Access::Scope(scope) = route.access else {
            assert_eq!(route.access, Access::Sidecar, "{path} is open");
            continue;
        };

        let others: Vec<_> = SCOPES
            .split(' ')
            .filter(|granted| *granted != scope)
            .collect();
        let wrong_audience = world
            .issuer
            .token("order", |claims| SCOPES.clone_into(&mut claims.scope));
        let expired = world.issuer.token("shipping", |claims| {
            SCOPES.clone_into(&mut claims.scope);
            claims.exp -= 900;
        });
        let forged =
            testkit::Issuer::new().token("shipping", |claims| SCOPES.clone_into(&mut claims.scope));
        for (token, status, slug) in [
            (world.token(ADA, &others.join(" "), &[]), 403, "forbidden"),
            (wrong_audience, 401, "invalid-token"),
            (expired, 401, "invalid-token"),
            (forged, 401, "invalid-token"),
            ("no.token.atall".to_owned(), 401, "invalid-token"),
        ] {
            let request = request(method.clone(), &path, &token).body(Body::empty());
            let answer = world.send(request.expect("a request")).await;
            assert_eq!(answer.problem(), (status, slug.into()), "{path}");
        }
        let mut anonymous = request(method.clone(), &path, "")
            .body(Body::empty())
            .expect("a request");
        anonymous.headers_mut().remove(header::AUTHORIZATION);
        assert_eq!(
            world.send(anonymous).await.problem(),
            (401, "unauthenticated".into())
        );
        let right = request(method, &path, &world.token(ADA, scope, &[])).body(Body::empty());
        let status = world.send(right.expect("a request")).await.status.as_u16();
        assert!(status != 401 && status != 403, "{path} with its own scope");
    }
}
