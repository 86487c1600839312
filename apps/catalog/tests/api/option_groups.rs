//! `/v1/option-groups`.

use chrono::TimeDelta;
use http::StatusCode;
use serde_json::{Value, json};

use crate::catalog::{Catalog, RYNEK};

const ALL: &str = "/v1/option-groups";
const MILK: &str = "/v1/option-groups/0190a000-0000-7000-8000-000000003001";

fn edit(min: u8, max: u8, defaults: [bool; 3]) -> Value {
    let names = ["Cup", "Glass", "Bowl"];
    let options: Vec<_> = names
        .into_iter()
        .zip(defaults)
        .map(|(name, default)| json!({"name": name, "default": default}))
        .collect();
    json!({"name": "Served in", "min": min, "max": max, "options": options})
}

#[tokio::test]
async fn one_is_added_read_and_taken_away() {
    let catalog = Catalog::start().await;
    let made = catalog.add(ALL, edit(1, 1, [true, false, false])).await;
    assert_eq!(
        (made.status, made.tag()),
        (StatusCode::CREATED, "\"1\"".to_owned())
    );
    let address = made.headers["location"].to_str().expect("text").to_owned();
    assert_eq!(catalog.read(&address).await.json(), made.json());
    assert_eq!(made.json()["options"][2]["name"], "Bowl");
    assert_eq!(
        catalog.remove(&address).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        catalog.read(&address).await.problem(),
        (404, "option-group-not-found".to_owned())
    );
}

#[tokio::test]
async fn its_defaults_can_be_ordered_as_they_stand() {
    let catalog = Catalog::start().await;
    for (min, max, defaults, pointers) in [
        (1, 1, [false; 3], vec!["/options"]),
        (0, 1, [true, true, false], vec!["/options"]),
        (2, 1, [true, true, false], vec!["/min"]),
        (0, 0, [false; 3], vec!["/max"]),
        (0, 4, [false; 3], vec!["/max"]),
    ] {
        let answer = catalog.add(ALL, edit(min, max, defaults)).await;
        assert_eq!(answer.problem(), (422, "inconsistent-fields".to_owned()));
        assert_eq!(answer.pointers(), pointers, "{min} {max} {defaults:?}");
    }
}

#[tokio::test]
async fn one_that_products_have_stays_and_so_does_an_option_that_is_offered() {
    let catalog = Catalog::start().await;
    assert_eq!(
        catalog.remove(MILK).await.problem(),
        (409, "option-group-in-use".to_owned())
    );
    let mut milk = catalog.read(MILK).await.json();
    let fields = milk.as_object_mut().expect("an object");
    fields.remove("id");
    fields.remove("version");
    let mut without = milk.clone();
    without["options"].as_array_mut().expect("options").pop();
    assert_eq!(
        catalog.edit(MILK, without.clone()).await.problem(),
        (409, "still-sold".to_owned())
    );

    // Whoever wants it gone takes its prices away first.
    let almond = milk["options"][5]["id"].as_str().expect("an id");
    catalog
        .change(&format!(
            "UPDATE option_prices SET amount = NULL WHERE option_id = '{almond}'"
        ))
        .await;
    without["options"][3]["default"] = json!(true);
    without["max"] = json!(2);
    assert_eq!(catalog.edit(MILK, without).await.status, StatusCode::OK);
    catalog.wait(TimeDelta::seconds(1));
    let menu = catalog.menu(RYNEK).await;
    let group = &menu.product("Flat white").expect("it")["option_groups"][0];
    assert_eq!(
        (&group["max"], &group["options"][3]["default"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(group["options"].as_array().map(Vec::len), Some(5));
    assert_eq!(
        group["options"][3]["price"]["amount"], 50,
        "what stays keeps its price"
    );
}
