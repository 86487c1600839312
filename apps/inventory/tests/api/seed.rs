//! The demonstration's seed: what the catalog's menu is made of.

use std::collections::BTreeSet;

use inventory::{MIGRATOR, seed};
use serde_json::Value;
use service::clock::Clock;
use service::ids::Ids;
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::morning;

async fn demo(db: &PgPool) -> bool {
    let ids = Ids::new(Clock::manual(morning()));
    seed::demo(db, &ids, morning()).await.expect("the seed")
}

fn ids(values: &[Value]) -> BTreeSet<Uuid> {
    let ids = values
        .iter()
        .map(|value| value["id"].as_str().expect("an id"));
    ids.map(|id| id.parse().expect("a UUID")).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

#[tokio::test]
async fn every_product_of_the_menu_is_stocked_in_every_store() {
    let db = testkit::database(&[&MIGRATOR, &outbox::MIGRATOR]).await;
    assert!(demo(&db).await);
    let menu: Value =
        serde_json::from_str(include_str!("../../../catalog/seed/menu.json")).expect("the menu");
    let stores: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM stores")
        .fetch_all(&db)
        .await
        .expect("the stores");
    assert_eq!(
        stores.into_iter().collect::<BTreeSet<_>>(),
        ids(list(&menu["stores"]))
    );

    let mut connection = db.acquire().await.expect("a connection");
    let book = inventory::store::recipes::book(&mut connection)
        .await
        .expect("the recipes");
    let products = list(&menu["categories"])
        .iter()
        .flat_map(|it| list(&it["products"]));
    let mut variations = BTreeSet::new();
    for product in products {
        let own = ids(list(&product["variations"]));
        if product["tax_class"] != "drink" {
            for variation in &own {
                let [finished] = book.variations[variation].as_slice() else {
                    panic!("{} is sold as it comes", product["name"]);
                };
                assert_eq!(finished.quantity, 1);
            }
        }
        variations.extend(own);
    }
    let stocked: BTreeSet<_> = book.variations.keys().copied().collect();
    assert_eq!(stocked, variations);
    let groups = list(&menu["option_groups"]).iter();
    let options: BTreeSet<_> = groups.flat_map(|it| ids(list(&it["options"]))).collect();
    assert!(book.options.keys().all(|option| options.contains(option)));

    for store in ids(list(&menu["stores"])) {
        let store = inventory::stock::StoreId(store);
        let available = inventory::store::levels::available(&mut connection, store)
            .await
            .expect("the levels");
        for (id, recipe) in book.variations.iter().chain(&book.options) {
            for portion in recipe {
                let pieces = available[&portion.item_id] / portion.quantity;
                assert!(pieces >= 2_000, "{id} can be made {pieces} times");
            }
        }
        assert_eq!(
            book.sold_out(&available),
            inventory::recipe::SoldOut::default()
        );
    }
}

#[tokio::test]
async fn it_leaves_an_inventory_alone_that_has_a_store() {
    let db = testkit::database(&[&MIGRATOR, &outbox::MIGRATOR]).await;
    let (one, other) = tokio::join!(demo(&db), demo(&db));
    assert!(one ^ other, "of two that start together one writes");
    let moved = "SELECT count(*) FROM movements";
    let before: i64 = sqlx::query_scalar(moved)
        .fetch_one(&db)
        .await
        .expect("a count");
    assert!(!demo(&db).await);
    let after: i64 = sqlx::query_scalar(moved)
        .fetch_one(&db)
        .await
        .expect("a count");
    assert_eq!(before, after);
}
