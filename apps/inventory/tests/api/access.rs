//! Who may call which route at all: every row of the table against every kind of caller.

use inventory::routes;
use testkit::access;

use crate::world::{SCOPES, World};

#[tokio::test]
async fn every_route_needs_our_sidecar_a_token_for_us_and_its_scope() {
    let World { router, issuer, .. } = &World::new().await;
    let table = routes::table();
    assert_eq!(table.table().len(), 16);
    let open = access::holds(router, table.table(), issuer, "inventory", SCOPES).await;
    assert!(open.is_empty(), "{open:?}");
}
