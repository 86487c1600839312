//! Who may call which route at all: every row of the table against every kind of caller.

use axum::body::Body;
use axum::http::Method;
use payment::routes;
use testkit::access;

use crate::world::{World, request};

const SCOPES: &str = "payment:charge payment:read payment:refund payment:operate";

#[tokio::test]
async fn every_route_needs_our_sidecar_a_token_for_us_and_its_scope() {
    let world = World::new().await;
    let (router, issuer) = (&world.router, &world.issuer);
    let table = routes::table();
    assert_eq!(table.table().len(), 19);
    let open = access::holds(router, table.table(), issuer, "payment", SCOPES).await;
    let webhook = "/v1/webhooks/provider";
    assert_eq!(open, [webhook]);
    let unsigned = request(Method::POST, webhook, "whatever").body(Body::empty());
    let answer = world.send(unsigned.expect("a request")).await;
    assert_eq!(answer.problem(), (401, "webhook-signature".into()));
}
