//! `/v1/products`.

use chrono::TimeDelta;
use http::StatusCode;
use serde_json::{Value, json};

use crate::catalog::{Catalog, RYNEK, STATION, list};

const ALL: &str = "/v1/products";
const MILK: &str = "0190a000-0000-7000-8000-000000003001";
const NOBODY: &str = "0190a000-0000-7000-8000-0000000000ff";

/// A new product in the first category.
async fn cake(catalog: &Catalog) -> Value {
    let menu = catalog.menu(RYNEK).await;
    json!({
        "category_id": menu.0["categories"][0]["id"], "name": "Carrot cake", "description": "With walnuts.",
        "image": "carrot-cake", "allergens": ["nuts", "eggs", "gluten", "eggs"], "tax_class": "food", "position": 3,
        "option_group_ids": [MILK], "variations": [{"name": "Slice"}, {"name": "Whole"}],
    })
}

async fn address(catalog: &Catalog, name: &str) -> String {
    let menu = catalog.menu(RYNEK).await;
    let product = menu.product(name).expect("a product");
    format!("{ALL}/{}", product["id"].as_str().expect("an id"))
}

/// A product as it was read, as an edit of it.
fn as_edit(mut product: Value) -> Value {
    let fields = product.as_object_mut().expect("an object");
    fields.remove("id");
    fields.remove("version");
    product
}

#[tokio::test]
async fn a_new_one_is_sold_where_it_has_a_price() {
    let catalog = Catalog::start().await;
    let made = catalog.add(ALL, cake(&catalog).await).await;
    assert_eq!(
        (made.status, made.tag()),
        (StatusCode::CREATED, "\"1\"".to_owned())
    );
    let address = made.headers["location"].to_str().expect("text").to_owned();
    let shown = made.json();
    assert_eq!(
        shown["allergens"],
        json!(["gluten", "eggs", "nuts"]),
        "each once, in the regulation's order"
    );
    assert_eq!(catalog.read(&address).await.json(), shown);
    assert!(catalog.menu(RYNEK).await.product("Carrot cake").is_none());

    let slice = shown["variations"][0]["id"].as_str().expect("an id");
    let price = format!("/v1/stores/{RYNEK}/prices/{slice}");
    let set = catalog
        .edit(&price, json!({"price": {"amount": 420, "currency": "EUR"}}))
        .await;
    assert_eq!(set.status, StatusCode::OK);
    catalog.wait(TimeDelta::seconds(1));
    let menu = catalog.menu(RYNEK).await;
    assert_eq!(
        menu.variation("Carrot cake", "Slice")["price"]["amount"],
        420
    );
    assert_eq!(
        list(&menu.product("Carrot cake").expect("it")["variations"]).len(),
        1
    );
    assert!(catalog.menu(STATION).await.product("Carrot cake").is_none());
}

#[tokio::test]
async fn a_variation_keeps_its_price_through_edits_and_stays_while_it_is_sold() {
    let catalog = Catalog::start().await;
    let address = address(&catalog, "Flat white").await;
    let before = catalog.read(&address).await.json();
    let mut edit = as_edit(before.clone());
    let (regular, large) = (edit["variations"][0].clone(), edit["variations"][1].clone());
    edit["name"] = json!("Flat white, ours");
    edit["variations"] = json!([{"name": "Tiny"}, large, {"id": regular["id"], "name": "Usual"}]);
    let after = catalog.edit(&address, edit.clone()).await;
    assert_eq!(
        (after.status, after.tag()),
        (StatusCode::OK, "\"2\"".to_owned())
    );
    catalog.wait(TimeDelta::seconds(1));
    let menu = catalog.menu(RYNEK).await;
    assert_eq!(
        menu.variation("Flat white, ours", "Usual")["price"]["amount"],
        380
    );
    let names: Vec<_> = list(&menu.product("Flat white, ours").expect("it")["variations"])
        .iter()
        .map(|it| it["name"].clone())
        .collect();
    assert_eq!(
        names,
        ["Large", "Usual"],
        "in their new order, and without what has no price"
    );

    // Tiny goes, which nobody sells; Large stays.
    edit["variations"] = json!([large]);
    let refused = catalog.edit(&address, edit.clone()).await;
    assert_eq!(refused.problem(), (409, "still-sold".to_owned()));
    edit["variations"] = json!([large, {"id": regular["id"], "name": "Usual"}]);
    assert_eq!(catalog.edit(&address, edit).await.status, StatusCode::OK);
}

#[tokio::test]
async fn one_that_any_store_sells_or_will_sell_stays() {
    let catalog = Catalog::start().await;
    let made = catalog.add(ALL, cake(&catalog).await).await;
    let address = made.headers["location"].to_str().expect("text").to_owned();
    let slice = made.json()["variations"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let still = (409, "still-sold".to_owned());
    catalog
        .change(&format!("INSERT INTO variation_prices (store_id, variation_id, amount) VALUES ('{STATION}', '{slice}', 400)"))
        .await;
    assert_eq!(catalog.remove(&address).await.problem(), still);
    catalog
        .change(&format!(
            "UPDATE variation_prices SET amount = NULL WHERE variation_id = '{slice}'"
        ))
        .await;
    catalog
        .change(&format!(
            "INSERT INTO price_changes (id, store_id, variation_id, amount, takes_effect_at)
             VALUES (gen_random_uuid(), '{STATION}', '{slice}', 1, now() + interval '1 year')"
        ))
        .await;
    assert_eq!(catalog.remove(&address).await.problem(), still);
    catalog.change("DELETE FROM price_changes").await;
    assert_eq!(
        catalog.remove(&address).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        catalog.read(&address).await.problem(),
        (404, "product-not-found".to_owned())
    );
}

#[tokio::test]
async fn every_fault_has_its_place() {
    let catalog = Catalog::start().await;
    let good = cake(&catalog).await;
    let with = |field: &str, value: Value| {
        let mut edit = good.clone();
        edit[field] = value;
        edit
    };
    let twice = json!([{"name": "Slice"}, {"name": "slice"}]);
    let foreign = json!([{"id": NOBODY, "name": "Slice"}]);
    for (edit, pointer) in [
        (with("category_id", json!(NOBODY)), "/category_id"),
        (
            with("option_group_ids", json!([MILK, NOBODY])),
            "/option_group_ids/1",
        ),
        (
            with("option_group_ids", json!([MILK, MILK])),
            "/option_group_ids/1",
        ),
        (with("variations", json!([])), "/variations"),
        (with("variations", twice), "/variations/1/name"),
        (with("variations", foreign), "/variations/0/id"),
    ] {
        let answer = catalog.add(ALL, edit.clone()).await;
        assert_eq!(
            answer.problem(),
            (422, "inconsistent-fields".to_owned()),
            "{edit}"
        );
        assert_eq!(answer.pointers(), [pointer], "{edit}");
    }
    for (edit, pointer) in [
        (
            with("allergens", json!(["milk", "lactose"])),
            "/allergens/1",
        ),
        (with("tax_class", json!("luxury")), "/tax_class"),
        (with("image", json!("../etc/passwd")), "/image"),
        (with("description", json!("x".repeat(301))), "/description"),
    ] {
        let answer = catalog.add(ALL, edit.clone()).await;
        assert_eq!(answer.problem(), (422, "invalid-body".to_owned()), "{edit}");
        assert_eq!(answer.pointers(), [pointer], "{edit}");
    }
    assert_eq!(
        catalog.add(ALL, good.clone()).await.status,
        StatusCode::CREATED
    );
    assert_eq!(
        catalog.add(ALL, good).await.problem(),
        (409, "name-taken".to_owned())
    );
}
