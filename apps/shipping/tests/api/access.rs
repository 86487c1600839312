//! Who may call which route at all: every row of the table against every kind of caller.

use shipping::routes;
use testkit::access;

use crate::world::{SCOPES, World};

#[tokio::test]
async fn every_route_needs_our_sidecar_a_token_for_us_and_its_scope() {
    let World { router, issuer, .. } = &World::new().await;
    let table = routes::table();
    assert_eq!(table.table().len(), 12);
    let open = access::holds(router, table.table(), issuer, "shipping", SCOPES).await;
    assert!(open.is_empty(), "{open:?}");
}
