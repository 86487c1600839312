//! What lands in the outbox equals the golden samples but for ids that are made anew.

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use serde_json::{Value, json};
use testkit::events;
use uuid::Uuid;

use crate::catalog::{Catalog, RYNEK};

/// An event with the sample's ids in place of its own, where both are ids.
fn with_ids_of(sample: &Value, event: &Value) -> Value {
    match (sample, event) {
        (Value::Object(sample), Value::Object(event)) => {
            let fields = event.iter();
            let fields = fields.map(|(name, value)| {
                let other = sample.get(name).unwrap_or(&Value::Null);
                (name.clone(), with_ids_of(other, value))
            });
            Value::Object(fields.collect())
        }
        (Value::Array(sample), Value::Array(event)) if sample.len() == event.len() => {
            let items = sample.iter().zip(event);
            items
                .map(|(sample, event)| with_ids_of(sample, event))
                .collect()
        }
        (Value::String(one), Value::String(other)) if is_new(one) && is_new(other) => {
            sample.clone()
        }
        _ => event.clone(),
    }
}

/// Whether it is an id that was made just now; those of the demonstration stay as they are.
fn is_new(text: &str) -> bool {
    Uuid::try_parse(text).is_ok_and(|id| id.get_version_num() == 7)
        && !text.starts_with("0190a000-")
}

#[tokio::test]
async fn every_event_is_its_golden_sample() {
    let morning: DateTime<Utc> = "2026-03-02T07:30:00Z".parse().expect("an instant");
    let catalog = Catalog::at(morning).await;
    let menu = catalog.menu(RYNEK).await;
    let tea = menu.0["categories"][1]["id"].clone();
    let new = json!({
        "category_id": tea, "name": "Matcha", "description": "Stone-ground, whisked to a foam.", "image": "matcha",
        "allergens": ["milk"], "tax_class": "drink", "position": 9,
        "option_group_ids": ["0190a000-0000-7000-8000-000000003001"], "variations": [{"name": "Cup"}],
    });
    let made = catalog.add("/v1/products", new.clone()).await;
    let address = made.headers["location"].to_str().expect("text").to_owned();
    let product = address.rsplit('/').next().expect("an id");
    catalog
        .change("INSERT INTO renditions (hash, bytes) VALUES (encode(sha256('a'), 'hex'), 'a')")
        .await;
    catalog
        .change(&format!(
            "INSERT INTO product_renditions (product_id, width, height, hash)
             VALUES ('{product}', 480, 320, encode(sha256('a'), 'hex'))"
        ))
        .await;
    let mut edit = new;
    edit["variations"] = made.json()["variations"].clone();
    edit["name"] = json!("Matcha latte");
    assert_eq!(catalog.edit(&address, edit).await.status, StatusCode::OK);
    assert_eq!(
        catalog.remove(&address).await.status,
        StatusCode::NO_CONTENT
    );
    let item = menu.variation("Flat white", "Regular")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let price = json!({"price": {"amount": 395, "currency": "EUR"}});
    catalog
        .edit(&format!("/v1/stores/{RYNEK}/prices/{item}"), price)
        .await;
    let heading = format!("/v1/categories/{}", tea.as_str().expect("an id"));
    catalog
        .edit(
            &heading,
            json!({"name": "Filter, tea and matcha", "position": 1}),
        )
        .await;

    let golden = events::golden(env!("CARGO_MANIFEST_DIR"));
    let told = catalog.told().await;
    assert_eq!(told.len(), golden.len());
    for event in &told {
        let kind = event["type"].as_str().expect("a type");
        let sample = golden
            .get(kind)
            .unwrap_or_else(|| panic!("{kind} has no golden sample: {event:#}"));
        assert_eq!(&with_ids_of(sample, event), sample, "{kind}");
    }
}

/// Whoever keeps menus hears of whatever changes one, of one sequence for each subject.
#[tokio::test]
async fn every_edit_is_told_of_once_and_in_order() {
    let catalog = Catalog::start().await;
    let group = "/v1/option-groups/0190a000-0000-7000-8000-000000003005";
    let rates = format!("/v1/stores/{RYNEK}/tax-rates");
    let mut served = catalog.read(group).await.json();
    let fields = served.as_object_mut().expect("an object");
    fields.remove("id");
    fields.remove("version");
    for name in ["Served", "How it is served"] {
        served["name"] = json!(name);
        assert_eq!(
            catalog.edit(group, served.clone()).await.status,
            StatusCode::OK
        );
    }
    catalog
        .edit(&rates, json!({"drink": 1, "food": 2, "goods": 3}))
        .await;
    let made = catalog
        .add("/v1/categories", json!({"name": "New", "position": 1}))
        .await;
    let category = made.headers["location"].to_str().expect("text").to_owned();
    catalog.remove(&category).await;
    catalog.wait(TimeDelta::seconds(1));
    // What was refused is not told of.
    catalog
        .add("/v1/categories", json!({"name": "Beans", "position": 1}))
        .await;

    let told = catalog.told().await;
    let told: Vec<_> = told
        .iter()
        .map(|it| {
            let data = &it["data"];
            let store = data["store_id"].as_str().unwrap_or("all");
            (
                data["what"].as_str().expect("what"),
                store,
                it["sequence"].as_str().expect("a sequence"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("option_group", "all", "2"),
            ("option_group", "all", "3"),
            ("tax_rates", RYNEK, "2"),
            ("category", "all", "1"),
            ("category", "all", "2"),
        ]
    );
}
