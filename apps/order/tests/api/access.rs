//! Who may call which route at all: every row of the table against every kind of caller.

use axum::body::Body;
use axum::http::{Request, header};
use order::routes;
use service::routes::Access;
use uuid::Uuid;

use crate::world::{World, request, send};

#[tokio::test]
async fn every_route_needs_our_sidecar_a_token_for_us_and_its_scope() {
    let world = World::new().await;
    let all =
        "order:place order:read order:cancel order:fulfil order:operate order:slots order:manage";
    let table = routes::table();
    assert_eq!(table.table().len(), 42);
    for route in table.table() {
        let scope = match route.access {
            Access::Scope(scope) => scope,
            Access::Sidecar if route.path.starts_with("/events/") => continue,
            other => panic!("{} is guarded by {other:?}", route.path),
        };
        let path = route.path.replace("{id}", &Uuid::from_u128(1).to_string());
        let path = path.replace("{store}", &Uuid::from_u128(1).to_string());
        let path = path.replace("{order}", &Uuid::from_u128(1).to_string());
        let path = path.replace("{return}", &Uuid::from_u128(1).to_string());
        let method = route.method.clone();
        let others: Vec<_> = all.split(' ').filter(|granted| *granted != scope).collect();

        let wrong_scope = world.token(Uuid::from_u128(2), "customer", &others.join(" "), &[]);
        let wrong_audience = world
            .issuer
            .token("catalog", |claims| all.clone_into(&mut claims.scope));
        let expired = world.issuer.token("order", |claims| {
            all.clone_into(&mut claims.scope);
            claims.exp -= 900;
        });
        let forged =
            testkit::Issuer::new().token("order", |claims| all.clone_into(&mut claims.scope));
        for (token, status, slug) in [
            (wrong_scope, 403, "forbidden"),
            (wrong_audience, 401, "invalid-token"),
            (expired, 401, "invalid-token"),
            (forged, 401, "invalid-token"),
            ("no.token.atall".to_owned(), 401, "invalid-token"),
        ] {
            let request = request(method.clone(), &path, &token);
            let answer = world
                .send(request.body(Body::empty()).expect("a request"))
                .await;
            assert_eq!(
                (answer.status.as_u16(), answer.problem().0.as_str()),
                (status, slug),
                "{path}"
            );
        }

        let mut anonymous = request(method.clone(), &path, "")
            .body(Body::empty())
            .expect("a request");
        anonymous.headers_mut().remove(header::AUTHORIZATION);
        let answer = world.send(anonymous).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (401, "unauthenticated")
        );

        let token = world.token(Uuid::from_u128(2), "admin", all, &[]);
        let mut direct: Request<Body> = request(method, &path, &token)
            .body(Body::empty())
            .expect("a request");
        direct.headers_mut().remove("dapr-api-token");
        let answer = send(world.sibling(), direct).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (401, "not-our-sidecar")
        );
    }
}
