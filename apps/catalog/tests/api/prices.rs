//! `/v1/stores/{store}/prices`.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::catalog::{Catalog, RYNEK, STATION, list};

const NOBODY: &str = "0190a000-0000-7000-8000-0000000000ff";

fn euro(amount: i64) -> Value {
    json!({"price": {"amount": amount, "currency": "EUR"}})
}

async fn flat_white(catalog: &Catalog) -> String {
    let menu = catalog.menu(RYNEK).await;
    let id = &menu.variation("Flat white", "Regular")["id"];
    id.as_str().expect("an id").to_owned()
}

fn row(store: &str, item: &str) -> String {
    format!("/v1/stores/{store}/prices/{item}")
}

#[tokio::test]
async fn a_new_price_is_on_the_menu_and_in_quotes() {
    let catalog = Catalog::start().await;
    let item = flat_white(&catalog).await;
    let before = catalog.read(&row(RYNEK, &item)).await;
    assert_eq!(
        before.json(),
        json!({
            "item_id": item, "item": "variation", "of": "Flat white", "name": "Regular",
            "price": {"amount": 380, "currency": "EUR"}, "version": 1,
        })
    );
    let after = catalog.edit(&row(RYNEK, &item), euro(395)).await;
    assert_eq!(
        (after.status, after.tag()),
        (StatusCode::OK, "\"2\"".to_owned())
    );
    assert_eq!(catalog.read(&row(RYNEK, &item)).await.json(), after.json());
    let milk = catalog
        .menu(RYNEK)
        .await
        .option("Flat white", "Milk", "Whole milk");
    let lines = json!([{"variation_id": item, "quantity": 1, "option_ids": [milk]}]);
    assert_eq!(
        catalog.quote(RYNEK, lines).await.json()["total"]["amount"],
        395
    );
    let station = catalog.menu(STATION).await;
    assert_eq!(
        station.variation("Flat white", "Regular")["price"]["amount"],
        430
    );
}

#[tokio::test]
async fn what_has_no_price_is_not_sold_and_its_versions_go_on() {
    let catalog = Catalog::start().await;
    let item = flat_white(&catalog).await;
    let path = row(RYNEK, &item);
    assert_eq!(catalog.remove(&path).await.status, StatusCode::NO_CONTENT);
    let row = catalog.read(&path).await;
    assert_eq!(
        (&row.json()["price"], row.tag()),
        (&Value::Null, "\"2\"".to_owned())
    );
    let lines = json!([{"variation_id": item, "quantity": 1, "option_ids": []}]);
    assert_eq!(
        catalog.quote(RYNEK, lines).await.problem(),
        (422, "unknown-product".to_owned())
    );
    assert_eq!(catalog.edit(&path, euro(400)).await.tag(), "\"3\"");
}

#[tokio::test]
async fn what_was_never_sold_has_version_0() {
    let catalog = Catalog::start().await;
    let menu = catalog.menu(RYNEK).await;
    let cup = menu.variation("Pour-over", "Cup")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = row(STATION, &cup);
    let manage = async |method: Method, version: Option<&str>, body: Option<Value>| {
        catalog
            .manage(&[STATION], (method, &path), version, body)
            .await
    };
    let nothing = manage(Method::GET, None, None).await;
    assert_eq!(
        (&nothing.json()["price"], nothing.tag()),
        (&Value::Null, "\"0\"".to_owned())
    );
    let set = manage(Method::PUT, Some("\"0\""), Some(euro(520))).await;
    assert_eq!(
        (set.status, set.tag()),
        (StatusCode::OK, "\"1\"".to_owned())
    );
    assert!(catalog.menu(STATION).await.product("Pour-over").is_some());
}

#[tokio::test]
async fn the_list_has_every_item_once_page_by_page() {
    let catalog = Catalog::start().await;
    let sold: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM variations) + (SELECT count(*) FROM options)",
    )
    .fetch_one(&catalog.db)
    .await
    .expect("a count");
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/stores/{STATION}/prices?limit=17{cursor}");
        let page = catalog
            .manage(&[STATION], (Method::GET, &path), None, None)
            .await
            .json();
        seen.extend_from_slice(list(&page["items"]));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(i64::try_from(seen.len()).expect("a number"), sold);
    assert!(seen.is_sorted_by(|a, b| a["item_id"].as_str() < b["item_id"].as_str()));
    let pour_over = seen.iter().find(|it| it["of"] == "Pour-over").expect("it");
    assert_eq!(
        pour_over["price"],
        Value::Null,
        "not sold there, and listed"
    );
    assert!(
        seen.iter()
            .any(|it| it["item"] == "option" && it["price"]["amount"] == 0)
    );
}

/// A manager changes what her own stores ask; of another store she learns nothing.
#[tokio::test]
async fn another_stores_list_is_not_there() {
    let catalog = Catalog::start().await;
    let item = flat_white(&catalog).await;
    let at = |path: &str| format!("/v1/stores/{STATION}/{path}");
    let plan = json!({"item_id": item, "price": null, "takes_effect_at": "2126-01-01T00:00:00Z"});
    let rates = json!({"drink": 0, "food": 0, "goods": 0});
    for (method, path, body) in [
        (Method::GET, at("prices"), None),
        (Method::GET, at(&format!("prices/{item}")), None),
        (Method::PUT, at(&format!("prices/{item}")), Some(euro(1))),
        (Method::DELETE, at(&format!("prices/{item}")), None),
        (Method::GET, at("tax-rates"), None),
        (Method::PUT, at("tax-rates"), Some(rates)),
        (Method::GET, at("price-changes"), None),
        (Method::POST, at("price-changes"), Some(plan)),
        (Method::GET, at(&format!("price-changes/{item}")), None),
        (Method::DELETE, at(&format!("price-changes/{item}")), None),
    ] {
        for stores in [&[RYNEK][..], &[]] {
            let call = (method.clone(), path.as_str());
            let answer = catalog
                .manage(stores, call, Some("\"1\""), body.clone())
                .await;
            assert_eq!(
                answer.problem(),
                (404, "store-not-found".to_owned()),
                "{method} {path}"
            );
        }
        let nowhere = path.replace(STATION, NOBODY);
        let call = (method.clone(), nowhere.as_str());
        let answer = catalog.manage(&[NOBODY], call, Some("\"1\""), body).await;
        assert_eq!(
            answer.problem(),
            (404, "store-not-found".to_owned()),
            "{method} {nowhere}"
        );
    }
    let station = catalog.menu(STATION).await;
    assert_eq!(
        station.variation("Flat white", "Regular")["price"]["amount"],
        430
    );
    let both = [RYNEK, STATION];
    let answer = catalog
        .manage(&both, (Method::GET, &at("prices")), None, None)
        .await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_price_that_is_none_is_refused_with_its_place() {
    let catalog = Catalog::start().await;
    let item = flat_white(&catalog).await;
    let path = row(RYNEK, &item);
    let pln = json!({"price": {"amount": 1, "currency": "PLN"}});
    for (body, pointer) in [
        (pln, "/price/currency"),
        (euro(-1), "/price/amount"),
        (euro(100_000_001), "/price/amount"),
    ] {
        let answer = catalog.edit(&path, body).await;
        assert_eq!(answer.problem(), (422, "inconsistent-fields".to_owned()));
        assert_eq!(answer.pointers(), [pointer]);
    }
    for body in [
        json!({"price": null}),
        json!({"price": {"amount": 1.5, "currency": "EUR"}}),
        json!({}),
    ] {
        assert_eq!(
            catalog.edit(&path, body).await.problem(),
            (422, "invalid-body".to_owned())
        );
    }
    for (version, status) in [(None, 428), (Some("\"2\""), 412), (Some("\"0\""), 412)] {
        let call = (Method::PUT, path.as_str());
        let answer = catalog.manage(&[RYNEK], call, version, Some(euro(1))).await;
        assert_eq!(answer.problem().0, status);
    }
    let unknown = row(RYNEK, NOBODY);
    assert_eq!(
        catalog.read(&unknown).await.problem(),
        (404, "item-not-found".to_owned())
    );
    let call = (Method::PUT, unknown.as_str());
    let answer = catalog
        .manage(&[RYNEK], call, Some("\"0\""), Some(euro(1)))
        .await;
    assert_eq!(answer.problem(), (404, "item-not-found".to_owned()));
}
