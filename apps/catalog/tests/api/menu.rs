//! `GET /v1/stores/{store}/menu`.

use chrono::TimeDelta;
use http::StatusCode;
use serde_json::{Value, json};

use crate::catalog::{Catalog, RYNEK, STATION, list};

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

#[tokio::test]
async fn any_write_to_any_table_counts_as_a_change() {
    let catalog = Catalog::start().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_stat_user_tables WHERE relname NOT IN ('stores', '_sqlx_migrations')",
    )
    .fetch_all(&catalog.db)
    .await
    .expect("the tables");
    assert_eq!(tables.len(), 9, "{tables:?}");
    let versions = async || -> Vec<i64> {
        sqlx::query_scalar("SELECT version FROM stores ORDER BY position")
            .fetch_all(&catalog.db)
            .await
            .expect("the versions")
    };
    for table in tables {
        let before = versions().await;
        // Which column does not matter: the trigger is the statement's.
        let sql = format!("DELETE FROM {table} WHERE false");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .execute(&catalog.db)
            .await
            .expect("a statement");
        let after = versions().await;
        assert!(
            before.iter().zip(&after).all(|(old, new)| new > old),
            "{table}"
        );
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
