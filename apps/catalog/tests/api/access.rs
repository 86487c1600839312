//! Who may call which route at all: every row of the table against every kind of caller.

use ::catalog::routes;
use testkit::access;

use crate::catalog::Catalog;

const SCOPES: &str = "catalog:read catalog:quote catalog:manage";

#[tokio::test]
async fn every_route_needs_our_sidecar_a_token_for_us_and_its_scope() {
    let Catalog { router, issuer, .. } = &Catalog::start().await;
    let table = routes::table();
    assert_eq!(table.table().len(), 45);
    let open = access::holds(router, table.table(), issuer, "catalog", SCOPES).await;
    assert!(open.is_empty(), "{open:?}");
}
