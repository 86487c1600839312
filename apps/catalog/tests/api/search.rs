//! `GET /v1/stores/{store}/search`.

use std::fmt::Write as _;

use chrono::TimeDelta;
use http::StatusCode;
use serde_json::{Value, json};

use crate::catalog::{Answer, Catalog, RYNEK, STATION, list};

/// Our own misspellings of our own menu: `typed = meant`.
const MISSPELLINGS: &str = include_str!("../misspellings.txt");

async fn ask(catalog: &Catalog, store: &str, query: &str) -> Answer {
    let query = query.replace(' ', "%20");
    catalog
        .get(&format!("/v1/stores/{store}/search?{query}"), None)
        .await
}

async fn names(catalog: &Catalog, store: &str, query: &str) -> Vec<String> {
    let answer = ask(catalog, store, query).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {answer:?}");
    let body = answer.json();
    let names = list(&body["items"])
        .iter()
        .map(|it| it["product"]["name"].as_str());
    names.map(|name| name.expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn of_fifty_misspellings_forty_five_are_among_the_first_three() {
    let catalog = Catalog::start().await;
    let pairs: Vec<_> = MISSPELLINGS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(" = ").expect("typed = meant"))
        .collect();
    assert_eq!(pairs.len(), 50);
    let mut missed = String::new();
    for (typed, meant) in &pairs {
        let found = names(&catalog, RYNEK, &format!("q={typed}&limit=3")).await;
        if !found.iter().any(|name| name == meant) {
            writeln!(missed, "{typed} ({meant}): {found:?}").expect("a text grows");
        }
    }
    let right = pairs.len() - missed.lines().count();
    assert!(right >= 45, "{right} of 50:\n{missed}");
}

#[tokio::test]
async fn what_is_spelt_right_comes_first() {
    let catalog = Catalog::start().await;
    for (words, first) in [
        ("flat white", "Flat white"),
        ("Cold brew", "Cold brew"),
        ("croissant", "Butter croissant"),
        ("house espresso", "House espresso"),
        ("espresso", "Espresso"),
        ("bergamot", "Earl Grey"),
        ("walnuts", "Banana bread"),
    ] {
        let found = names(&catalog, RYNEK, &format!("q={words}")).await;
        assert_eq!(
            found.first().map(String::as_str),
            Some(first),
            "{words}: {found:?}"
        );
    }
    let pastries = names(&catalog, RYNEK, "q=pastries").await;
    assert!(
        pastries.iter().any(|name| name == "Cinnamon bun"),
        "by its category: {pastries:?}"
    );
    let cardamom = names(&catalog, RYNEK, "q=cardamom").await;
    assert!(
        cardamom.iter().any(|name| name == "Mocha"),
        "by an option: {cardamom:?}"
    );
    assert_eq!(
        cardamom[0], "Chai latte",
        "what it is made of, before what can be added"
    );
    assert!(names(&catalog, RYNEK, "q=xyzzy").await.is_empty());
}

#[tokio::test]
async fn filters_take_away_and_change_no_order() {
    let catalog = Catalog::start().await;
    let menu = catalog.menu(RYNEK).await;
    let cold = menu.0["categories"][2]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let all = names(&catalog, RYNEK, "q=latte").await;
    assert!(all.len() >= 3, "{all:?}");
    for (filter, passes) in [
        (
            "&without=milk",
            Box::new(|it: &Value| !list(&it["allergens"]).contains(&json!("milk")))
                as Box<dyn Fn(&Value) -> bool>,
        ),
        (
            "&without=soya,%20nuts",
            Box::new(|it| {
                !list(&it["allergens"])
                    .iter()
                    .any(|it| it == "soya" || it == "nuts")
            }),
        ),
        (
            "&max_price=400",
            Box::new(|it| {
                list(&it["variations"])
                    .iter()
                    .any(|it| it["price"]["amount"].as_i64() <= Some(400))
            }),
        ),
        (
            &format!("&category={cold}"),
            Box::new(|it| {
                let menu = &menu.0["categories"][2]["products"];
                list(menu).iter().any(|product| product["id"] == it["id"])
            }),
        ),
    ] {
        let expected: Vec<_> = all
            .iter()
            .filter(|name| passes(menu.product(name).expect("it")))
            .cloned()
            .collect();
        assert_eq!(
            names(&catalog, RYNEK, &format!("q=latte{filter}")).await,
            expected,
            "{filter}"
        );
        let whole: Vec<_> = menu
            .products()
            .filter(|it| passes(it))
            .map(|it| it["name"].as_str().expect("a name").to_owned())
            .collect();
        assert_eq!(
            names(&catalog, RYNEK, &format!("limit=50{filter}")).await,
            whole,
            "{filter} without words"
        );
    }
    assert_eq!(names(&catalog, RYNEK, "q=latte&limit=2").await, all[..2]);
}

#[tokio::test]
async fn a_store_finds_what_it_sells_at_its_prices() {
    let catalog = Catalog::start().await;
    assert_eq!(names(&catalog, RYNEK, "q=pour-over").await[0], "Pour-over");
    let station = names(&catalog, STATION, "q=pour-over").await;
    assert!(
        !station.iter().any(|name| name == "Pour-over"),
        "{station:?}"
    );
    let answer = ask(&catalog, STATION, "q=flat white").await.json();
    let hit = &answer["items"][0];
    assert_eq!(hit["category"], "Espresso");
    assert_eq!(
        hit["product"],
        *catalog
            .menu(STATION)
            .await
            .product("Flat white")
            .expect("it")
    );

    // A planned price counts from its instant on here too.
    let item = hit["product"]["variations"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    catalog
        .change(&format!(
            "INSERT INTO price_changes (id, store_id, variation_id, amount, takes_effect_at)
             VALUES (gen_random_uuid(), '{STATION}', '{item}', 1, '{}')",
            (catalog.clock.now() + TimeDelta::seconds(5)).to_rfc3339()
        ))
        .await;
    let cheap = || names(&catalog, STATION, "q=flat white&max_price=1");
    catalog.wait(TimeDelta::milliseconds(4_999));
    assert!(cheap().await.is_empty());
    catalog.wait(TimeDelta::milliseconds(1));
    assert_eq!(cheap().await, ["Flat white"]);
}

#[tokio::test]
async fn a_question_that_is_none_is_refused() {
    let catalog = Catalog::start().await;
    let long = format!("q={}", "x".repeat(101));
    for (query, pointers) in [
        (long.as_str(), vec!["/q"]),
        ("q=a%00b", vec!["/q"]),
        ("without=lactose", vec!["/without"]),
        ("max_price=-1", vec!["/max_price"]),
        ("limit=0", vec!["/limit"]),
        ("limit=51", vec!["/limit"]),
        ("limit=300", vec![]),
        ("category=coffee", vec![]),
        ("colour=brown", vec![]),
    ] {
        let answer = ask(&catalog, RYNEK, query).await;
        assert_eq!(
            answer.problem(),
            (422, "invalid-query".to_owned()),
            "{query}"
        );
        assert_eq!(answer.pointers(), pointers, "{query}");
    }
    let nowhere = ask(&catalog, "0190a000-0000-7000-8000-0000000000ff", "q=latte").await;
    assert_eq!(nowhere.problem(), (404, "store-not-found".to_owned()));
    for hostile in [
        "q=%25_%27%22;--",
        "q=%F0%9F%92%A9",
        "q=a",
        "q=%20",
        "q=%3C%25",
    ] {
        assert_eq!(
            ask(&catalog, RYNEK, hostile).await.status,
            StatusCode::OK,
            "{hostile}"
        );
    }
}

/// At ten thousand products words are looked up, not compared one by one.
#[tokio::test]
async fn ten_thousand_products_are_found_by_an_index() {
    let catalog = Catalog::start().await;
    catalog
        .change(
            "INSERT INTO products (id, category_id, name, description, image, tax_class, position)
             SELECT gen_random_uuid(), (SELECT id FROM categories ORDER BY position LIMIT 1),
                    initcap(translate(md5(n::text), '0123456789', 'ghijklmnop')), md5((-n)::text), 'cup', 'drink', n
             FROM generate_series(1, 10000) AS n",
        )
        .await;
    catalog.run("ANALYZE products").await;
    let plan: Vec<String> = sqlx::query_scalar(
        "EXPLAIN SELECT id FROM products WHERE 'capuchino' <% name
         UNION ALL SELECT id FROM products WHERE 'capuchino' <% description",
    )
    .fetch_all(&catalog.db)
    .await
    .expect("a plan");
    let plan = plan.join("\n");
    for index in ["products_name_words", "products_description_words"] {
        assert!(plan.contains(index), "{plan}");
    }
    assert!(!plan.contains("Seq Scan"), "{plan}");
    assert_eq!(
        names(&catalog, RYNEK, "q=capuchino&limit=3").await[0],
        "Cappuccino"
    );
}
