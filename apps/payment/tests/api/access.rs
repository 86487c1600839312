//! Who may call which route at all: every row of the table against every kind of caller.

use axum::body::Body;
use axum::http::{Request, header};
use payment::routes;
use service::routes::Access;
use uuid::Uuid;

use crate::world::{World, request};

const ALL: &str = "payment:charge payment:read payment:refund payment:operate";

#[tokio::test]
async fn every_route_needs_our_sidecar_a_token_for_us_and_its_scope() {
    let world = World::new().await;
    let table = routes::table();
    assert_eq!(table.table().len(), 19);
    for route in table.table() {
        let path = route
            .path
            .replace("{order}", &Uuid::from_u128(1).to_string());
        let path = path.replace("{id}", &Uuid::from_u128(1).to_string());
        let path = path.replace("{return}", &Uuid::from_u128(1).to_string());
        let method = route.method.clone();
        let token = world
            .issuer
            .token("payment", |claims| ALL.clone_into(&mut claims.scope));
        let mut direct: Request<Body> = request(method.clone(), &path, &token)
            .body(Body::empty())
            .expect("a request");
        direct.headers_mut().remove("dapr-api-token");
        assert_eq!(
            world.send(direct).await.problem(),
            (401, "not-our-sidecar".into()),
            "{path}"
        );

        let scope = match route.access {
            Access::Scope(scope) => scope,
            Access::Sidecar => {
                let invoked = request(method, &path, &token)
                    .header("dapr-caller-app-id", "order")
                    .body(Body::empty());
                let answer = world.send(invoked.expect("a request")).await;
                assert_eq!(answer.problem(), (401, "not-our-sidecar".into()), "{path}");
                continue;
            }
            Access::Public => {
                assert_eq!(path, "/v1/webhooks/provider");
                let request = request(method, &path, &token).body(Body::empty());
                let answer = world.send(request.expect("a request")).await;
                assert_eq!(answer.problem(), (401, "webhook-signature".into()));
                continue;
            }
            Access::Session | Access::Bearer => panic!("{path}: nothing public here"),
        };
        let others: Vec<_> = ALL.split(' ').filter(|granted| *granted != scope).collect();
        let wrong_scope = world
            .issuer
            .token("payment", |claims| claims.scope = others.join(" "));
        let wrong_audience = world
            .issuer
            .token("order", |claims| ALL.clone_into(&mut claims.scope));
        let expired = world.issuer.token("payment", |claims| {
            ALL.clone_into(&mut claims.scope);
            claims.exp -= 900;
        });
        let forged =
            testkit::Issuer::new().token("payment", |claims| ALL.clone_into(&mut claims.scope));
        for (token, expected) in [
            (wrong_scope, (403, "forbidden".into())),
            (wrong_audience, (401, "invalid-token".into())),
            (expired, (401, "invalid-token".into())),
            (forged, (401, "invalid-token".into())),
            ("no.token.atall".to_owned(), (401, "invalid-token".into())),
        ] {
            let request = request(method.clone(), &path, &token).body(Body::empty());
            let answer = world.send(request.expect("a request")).await;
            assert_eq!(answer.problem(), expected, "{path}");
        }
        let mut anonymous = request(method, &path, "")
            .body(Body::empty())
            .expect("a request");
        anonymous.headers_mut().remove(header::AUTHORIZATION);
        assert_eq!(
            world.send(anonymous).await.problem(),
            (401, "unauthenticated".into())
        );
    }
}
