//! `GET /v1/stores/{store}/menu`.

use std::borrow::Cow;
use std::sync::Arc;

use ::catalog::menu::StoreId;
use ::catalog::menus::Menus;
use ::catalog::state::App;
use ::catalog::{MIGRATOR, seed};
use chrono::TimeDelta;
use http::{HeaderMap, StatusCode};
use outbox::Waker;
use serde_json::{Value, json};
use service::clock::Clock;
use sqlx::migrate::Migrator;

use crate::catalog::{Catalog, RYNEK, STATION, list, signer};

fn path(store: &str) -> String {
    format!("/v1/stores/{store}/menu")
}

#[tokio::test]
async fn shows_products_with_their_variations_and_options() {
    let catalog = Catalog::start().await;
    let menu = catalog.menu(RYNEK).await;
    assert_eq!(menu.0["store_id"], RYNEK);
    assert_eq!(menu.0["currency"], "EUR");

    let product = menu.product("Flat white").expect("a flat white");
    assert_eq!(product["image"], "flat-white");
    assert_eq!(product["allergens"], json!(["milk"]));
    let regular = &product["variations"][0];
    assert_eq!(regular["name"], "Regular");
    assert_eq!(regular["price"], json!({"amount": 380, "currency": "EUR"}));
    let groups: Vec<_> = list(&product["option_groups"])
        .iter()
        .map(|group| {
            (
                group["name"].as_str(),
                group["min"].as_u64(),
                group["max"].as_u64(),
            )
        })
        .collect();
    assert_eq!(
        groups,
        [
            (Some("Milk"), Some(1), Some(1)),
            (Some("Extra shots"), Some(0), Some(1)),
            (Some("Syrup"), Some(0), Some(2)),
        ]
    );
    let milk = &product["option_groups"][0]["options"];
    assert_eq!(milk[0]["default"], true);
    assert_eq!(milk[3]["name"], "Oat drink");
    assert_eq!(milk[3]["default"], false);
    assert_eq!(milk[3]["price"], json!({"amount": 50, "currency": "EUR"}));
}

#[tokio::test]
async fn a_store_has_its_own_prices_and_leaves_out_what_it_does_not_sell() {
    let catalog = Catalog::start().await;
    let (rynek, station) = (catalog.menu(RYNEK).await, catalog.menu(STATION).await);
    let price = |menu: &crate::catalog::Menu| {
        menu.variation("Flat white", "Regular")["price"]["amount"].as_i64()
    };
    assert_eq!((price(&rynek), price(&station)), (Some(380), Some(430)));
    assert!(rynek.product("Pour-over").is_some());
    assert!(station.product("Pour-over").is_none());
}

#[tokio::test]
async fn answers_304_until_the_menu_changes() {
    let catalog = Catalog::start().await;
    let first = catalog.get(&path(RYNEK), None).await;
    let tag = first.tag();
    let again = catalog.get(&path(RYNEK), Some(&tag)).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(again.body.is_empty());
    assert_ne!(catalog.get(&path(STATION), None).await.tag(), tag);

    catalog
        .change("UPDATE variation_prices SET amount = amount + 10")
        .await;
    // Within the second that a reader may lag behind.
    let lagging = catalog.get(&path(RYNEK), Some(&tag)).await;
    assert_eq!(lagging.status, StatusCode::NOT_MODIFIED);
    catalog.wait(TimeDelta::seconds(1));
    let changed = catalog.get(&path(RYNEK), Some(&tag)).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_ne!(changed.tag(), tag);
    let price = &catalog.menu(RYNEK).await;
    assert_eq!(
        price.variation("Flat white", "Regular")["price"]["amount"],
        390
    );
}

/// As the BFF does when it was told of a change.
#[tokio::test]
async fn whoever_asks_anew_gets_it_as_it_is_now() {
    let catalog = Catalog::start().await;
    let before = catalog.get(&path(RYNEK), None).await;
    catalog
        .change("UPDATE variation_prices SET amount = amount + 10")
        .await;
    let lagging = catalog.get(&path(RYNEK), Some(&before.tag())).await;
    assert_eq!(lagging.status, StatusCode::NOT_MODIFIED);
    for (said, status) in [
        ("max-age=0", StatusCode::NOT_MODIFIED),
        ("max-age=0, No-Cache", StatusCode::OK),
        // And so did everybody who asks after that.
        ("max-age=0", StatusCode::OK),
    ] {
        let known = [
            ("if-none-match", before.tag()),
            ("cache-control", said.to_owned()),
        ];
        let answer = catalog.get_with(&path(RYNEK), &known).await;
        assert_eq!(answer.status, status, "{said}");
    }
}

#[tokio::test]
async fn any_write_to_any_table_counts_as_a_change() {
    let catalog = Catalog::start().await;
    catalog
        .change(
            "INSERT INTO price_changes (id, store_id, variation_id, takes_effect_at)
             SELECT gen_random_uuid(), store_id, variation_id, now() + interval '1 day' FROM variation_prices",
        )
        .await;
    // Hours count by themselves, for the stores that they are of: see `hours.rs`. A code is on no menu, nor are bytes that
    // no product shows.
    let tables: Vec<(String, bool)> = sqlx::query_as(
        "SELECT relname::text, EXISTS (SELECT FROM pg_attribute WHERE attrelid = relid AND attname = 'store_id')
         FROM pg_stat_user_tables
         WHERE schemaname = 'public'
             AND relname NOT IN ('stores', '_sqlx_migrations', 'opening_hours', 'closures', 'discounts', 'renditions')",
    )
    .fetch_all(&catalog.db)
    .await
    .expect("the tables");
    assert_eq!(tables.len(), 11, "{tables:?}");
    let versions = async || -> Vec<i64> {
        sqlx::query_scalar("SELECT version FROM stores ORDER BY position")
            .fetch_all(&catalog.db)
            .await
            .expect("the versions")
    };
    for (table, of_a_store) in tables {
        // Which column does not matter: the triggers are the statement's. What a store owns counts for that store.
        let sql = if of_a_store {
            format!("UPDATE {table} SET store_id = store_id WHERE store_id = '{RYNEK}'")
        } else {
            format!("DELETE FROM {table} WHERE false")
        };
        let before = versions().await;
        catalog.run(&sql).await;
        let after = versions().await;
        assert!(after[0] > before[0], "{sql}");
        assert_eq!(after[1] > before[1], !of_a_store, "{sql}");
    }
    for table in [
        "price_changes",
        "tax_rates",
        "option_prices",
        "variation_prices",
    ] {
        let before = versions().await;
        catalog
            .run(&format!("DELETE FROM {table} WHERE store_id = '{STATION}'"))
            .await;
        let after = versions().await;
        assert!(after[1] > before[1], "{table}");
        assert_eq!(after[0], before[0], "{table}");
    }
}

#[tokio::test]
async fn a_store_that_is_not_there_is_404() {
    let catalog = Catalog::start().await;
    let unknown = catalog
        .get(&path("0190a000-0000-7000-8000-0000000000ff"), None)
        .await;
    assert_eq!(unknown.problem(), (404, "store-not-found".to_owned()));
    for nonsense in ["1", "rynek", "%20", "0190a000"] {
        let answer = catalog.get(&path(nonsense), None).await;
        assert_eq!(answer.problem().0, 404, "{nonsense}");
    }
}

#[tokio::test]
async fn without_its_database_it_answers_from_memory_for_a_second_then_503() {
    let catalog = Catalog::start().await;
    let before = catalog.get(&path(RYNEK), None).await;
    catalog.db.close().await;
    let from_memory = catalog.get(&path(RYNEK), None).await;
    assert_eq!(from_memory.body, before.body);
    catalog.wait(TimeDelta::seconds(1));
    let away = catalog.get(&path(RYNEK), None).await;
    assert_eq!(away.problem(), (503, "unavailable".to_owned()));
    assert!(away.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn the_demonstration_has_a_menu_worth_the_name() {
    let catalog = Catalog::start().await;
    for store in [RYNEK, STATION] {
        let menu = catalog.menu(store).await;
        let products: Vec<&Value> = menu.products().collect();
        let variations: usize = products
            .iter()
            .map(|product| list(&product["variations"]).len())
            .sum();
        assert!(list(&menu.0["categories"]).len() >= 5);
        assert!(products.len() >= 14);
        assert!(variations >= 24);
        for product in products {
            let text = product["description"].as_str().expect("text");
            assert!((10..=80).contains(&text.chars().count()), "{text}");
            for group in list(&product["option_groups"]) {
                let chosen = list(&group["options"])
                    .iter()
                    .filter(|option| option["default"] == true);
                let chosen = chosen.count() as u64;
                let bounds = group["min"].as_u64().zip(group["max"].as_u64());
                let (min, max) = bounds.expect("numbers");
                // A product can be ordered as it stands.
                assert!((min..=max).contains(&chosen), "{product}");
            }
        }
    }
}

#[tokio::test]
async fn where_there_is_room_for_one_menu_each_stores_is_right_all_the_same() {
    let catalog = Catalog::start().await;
    let menus = Menus::new(catalog.db.clone(), catalog.clock.clone(), 1);
    let [rynek, station] = [RYNEK, STATION].map(|id| StoreId(id.parse().expect("an id")));
    let tag = async |store| {
        let menu = menus.recent(store).await.expect("a menu");
        menu.rendered.respond(&HeaderMap::new()).headers()["etag"].clone()
    };
    let (first, other) = (tag(rynek).await, tag(station).await);
    assert_ne!(first, other);
    let kept = menus.recent(station).await.expect("a menu");
    let again = menus.recent(station).await.expect("a menu");
    assert!(Arc::ptr_eq(&kept, &again), "the last one is kept");
    assert_eq!(tag(rynek).await, first);
    let read = menus.recent(station).await.expect("a menu");
    assert!(!Arc::ptr_eq(&kept, &read), "it has made room meanwhile");

    // What has changed while nobody kept it is seen at once.
    let item = catalog.menu(RYNEK).await.variation("Flat white", "Regular")["id"].clone();
    let path = format!(
        "/v1/stores/{RYNEK}/prices/{}",
        item.as_str().expect("an id")
    );
    let edited = catalog
        .edit(&path, json!({"price": {"amount": 385, "currency": "EUR"}}))
        .await;
    assert_eq!(edited.status, StatusCode::OK, "{edited:?}");
    assert_ne!(tag(rynek).await, first);
    assert_eq!(tag(station).await, other);
}

/// What managers can do came later than menus: a catalogue from before is the same menu, all of it at its first version.
#[tokio::test]
async fn a_catalogue_from_before_management_has_the_same_menu() {
    let first = Migrator {
        migrations: Cow::Owned(
            MIGRATOR
                .iter()
                .filter(|it| it.version != 2)
                .cloned()
                .collect(),
        ),
        ..Migrator::DEFAULT
    };
    let db = testkit::database(&[&first]).await;
    seed::demo(&db).await.expect("the seed");
    MIGRATOR.run(&db).await.expect("the new schema");
    let versions: Vec<i64> = sqlx::query_scalar(
        "SELECT version FROM products UNION SELECT version FROM option_groups UNION SELECT version FROM categories
         UNION SELECT version FROM variation_prices UNION SELECT version FROM option_prices",
    )
    .fetch_all(&db)
    .await
    .expect("the versions");
    assert_eq!(versions, [1]);
    let app = App::new(db, Clock::system(), Waker::default(), signer());
    let menu = app.menus.current(StoreId(RYNEK.parse().expect("an id")));
    let menu = menu.await.expect("a menu");
    let answer = menu.rendered.respond(&HeaderMap::new());
    let today = Catalog::start().await.get(&path(RYNEK), None).await;
    assert_eq!(answer.headers()["etag"], today.headers["etag"]);
}
