//! The demonstration's zones.

use serde_json::json;
use shipping::seed;

use crate::world::World;

#[tokio::test]
async fn an_empty_database_gets_zones_for_every_store_of_the_catalog_once() {
    let world = World::empty().await;
    assert!(seed::demo(world.db()).await.expect("the seed"));
    assert!(!seed::demo(world.db()).await.expect("the seed"));
    let mut stores: Vec<(uuid::Uuid, String)> = sqlx::query_as("SELECT id, currency FROM stores")
        .fetch_all(world.db())
        .await
        .expect("the stores");
    stores.sort();
    let menu = include_str!("../../../catalog/seed/menu.json");
    let menu: serde_json::Value = serde_json::from_str(menu).expect("JSON");
    let menu = menu["stores"].as_array().expect("stores").iter();
    let expected: Vec<_> = menu
        .map(|store| json!([store["id"], store["currency"]]))
        .collect();
    assert_eq!(json!(stores), json!(expected));
}
