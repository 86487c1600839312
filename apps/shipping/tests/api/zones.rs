//! Managers say where their store delivers, and for what.

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Value, json};

use crate::world::{Answer, OTHER_STORE, STORE, World, address, eur, request};

fn zone(name: &str, prefix: &str) -> Value {
    json!({"name": name, "prefixes": [prefix], "fee": eur(100), "tax_rate_bp": 700, "minutes": 20})
}

async fn set(world: &World, version: Option<&str>, zones: &Value) -> Answer {
    let path = format!("/v1/stores/{STORE}/zones");
    let mut request = request(Method::PUT, &path, &world.staff())
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(version) = version {
        request = request.header(header::IF_MATCH, version);
    }
    let body: Body = json!({ "zones": zones }).to_string().into();
    world.send(request.body(body).expect("a request")).await
}

#[tokio::test]
async fn zones_are_read_and_replaced_as_a_whole_by_who_has_seen_them() {
    let world = World::new().await;
    let path = format!("/v1/stores/{STORE}/zones");
    let read = world.get(&world.staff(), &path).await;
    assert_eq!(read.headers[header::ETAG], "\"1\"");
    assert_eq!(read.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(
        (&read.body["country"], &read.body["currency"]),
        (&json!("DE"), &json!("EUR"))
    );
    assert_eq!(read.body["zones"].as_array().map(Vec::len), Some(2));

    let wanted = json!([zone("All of it", "04"), zone("None", "0 41-08")]);
    let missing = set(&world, None, &wanted).await;
    assert_eq!(missing.problem(), (428, "precondition-required".into()));
    let stale = set(&world, Some("\"7\""), &wanted).await;
    assert_eq!(stale.problem(), (412, "stale-version".into()));
    let done = set(&world, Some("\"1\""), &wanted).await;
    assert_eq!(done.headers[header::ETAG], "\"2\"", "{}", done.body);
    assert_eq!(done.body["zones"][1]["prefixes"], json!(["04108"]));
    assert_eq!(world.get(&world.staff(), &path).await.body, done.body);
    let quote = world.quote(STORE, &address()).await.body;
    assert_eq!(
        (&quote["zone"], &quote["fee"]),
        (&json!("All of it"), &eur(100))
    );
    let again = set(&world, Some("\"1\""), &wanted).await;
    assert_eq!(again.problem(), (412, "stale-version".into()));
}

#[tokio::test]
async fn of_two_edits_of_one_version_one_wins() {
    let world = World::new().await;
    let wanted = json!([zone("All of it", "04")]);
    let all = (0..8).map(|_| set(&world, Some("\"1\""), &wanted));
    let answers = futures::future::join_all(all).await;
    let done = answers.iter().filter(|answer| answer.status.is_success());
    assert_eq!(done.count(), 1);
}

#[tokio::test]
async fn zones_that_can_t_be_are_refused_by_their_fields() {
    let world = World::new().await;
    let mut odd = zone("B", "05");
    odd["fee"] = json!({"amount": -1, "currency": "PLN"});
    let wanted = json!([zone("A", "04"), odd, zone("C", "04")]);
    let answer = set(&world, Some("\"1\""), &wanted).await;
    assert_eq!(answer.problem(), (422, "zones-invalid".into()));
    let pointers = [
        "/zones/1/fee/amount",
        "/zones/1/fee/currency",
        "/zones/2/prefixes/0",
    ];
    assert_eq!(answer.pointers(), pointers);
    let path = format!("/v1/stores/{STORE}/zones");
    assert_eq!(world.get(&world.staff(), &path).await.body["version"], 1);
}

#[tokio::test]
async fn another_stores_zones_are_nobodys_business() {
    let world = World::new().await;
    let path = format!("/v1/stores/{OTHER_STORE}/zones");
    let answer = world.get(&world.staff(), &path).await;
    assert_eq!(answer.problem(), (404, "store-not-found".into()));
    let request = request(Method::PUT, &path, &world.staff())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::IF_MATCH, "\"1\"")
        .body(json!({"zones": []}).to_string().into());
    let answer = world.send(request.expect("a request")).await;
    assert_eq!(answer.problem(), (404, "store-not-found".into()));
}
