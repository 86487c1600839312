//! Who may call which route at all: every row of the table against every kind of caller.

use order::routes;
use testkit::access;

use crate::world::World;

const SCOPES: &str =
    "order:place order:read order:cancel order:fulfil order:operate order:slots order:manage";

#[tokio::test]
async fn every_route_needs_our_sidecar_a_token_for_us_and_its_scope() {
    let world = World::new().await;
    let (router, issuer) = (&world.router, &world.issuer);
    let table = routes::table();
    assert_eq!(table.table().len(), 42);
    let open = access::holds(router, table.table(), issuer, "order", SCOPES).await;
    assert!(open.is_empty(), "{open:?}");
}
