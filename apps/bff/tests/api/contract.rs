//! Requests that a service would refuse don't reach it; the others do, byte for byte.

use axum::http::{Method, StatusCode};
use bff::contract::DOCUMENT;
use bff::passed::PASSED;
use serde_json::{Value, json};
use service::extract;
use testkit::Received;
use uuid::Uuid;

use crate::bearer;
use crate::stage::Stage;

const ID: &str = "0190a000-0000-7000-8000-0000000000aa";
const CLIENT: &str = "0190a000-0000-7000-8000-0000000000c1";
const KEY: (&str, &str) = ("idempotency-key", "key-1");

/// A body that the service behind this path takes; nothing where none is read.
pub fn body_for(method: &Method, path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap_or_default();
    let last = path
        .rsplit('/')
        .find(|part| Uuid::try_parse(part).is_err() && !part.starts_with('{'));
    let client = json!({
        "name": "Beans", "kind": "public", "redirect_uris": [], "post_logout_redirect_uris": [], "scopes": [],
        "grant_types": [],
    });
    let change = json!({ "item_id": ID, "quantity": 1, "reason": "counted" });
    let product = json!({
        "category_id": ID, "name": "Mocha", "description": "", "image": "mocha", "allergens": ["milk"],
        "tax_class": "drink", "position": 1, "option_group_ids": [], "variations": [{ "name": "Small" }],
    });
    let price = json!({ "amount": 1, "currency": "EUR" });
    let body = match (method.as_str(), last?) {
        ("POST" | "PUT", "categories") => json!({ "name": "Coffee", "position": 1 }),
        ("POST" | "PUT", "products") => product,
        ("POST" | "PUT", "option-groups") => {
            json!({ "name": "Milk", "min": 0, "max": 1, "options": [{ "name": "Oat" }] })
        }
        ("PUT", "tax-rates") => json!({ "drink": 1, "food": 2, "goods": 3 }),
        ("PUT", "prices") => json!({ "price": price }),
        ("POST", "price-changes") => {
            json!({ "item_id": ID, "price": price, "takes_effect_at": "2026-03-02T07:30:00Z" })
        }
        ("POST", "orders") => {
            json!({ "store_id": ID, "lines": [], "payment": { "method": "counter" } })
        }
        ("POST", "delivery-quotes") => json!({
            "store_id": ID,
            "address": { "name": "Ada", "street": "Rynek 1", "postcode": "31-042", "city": "Kraków", "country": "PL" },
        }),
        ("PUT", "zones") => json!({ "zones": [
            { "name": "Centre", "prefixes": ["041"], "fee": price, "tax_rate_bp": 1900, "minutes": 25 },
        ] }),
        ("POST", "quotes") => json!({ "store_id": ID, "lines": [] }),
        ("POST" | "PUT", "discounts") => {
            json!({ "code": "SPRING", "percent_bp": 1000, "starts_at": "2026-03-02T07:30:00Z", "active": true })
        }
        ("PUT", "hours") => json!({ "weekly": [], "closures": [] }),
        ("PUT", "pickup") => json!({ "capacity": 3 }),
        ("POST", "fulfilment") => json!({ "status": "preparation" }),
        ("POST", "returns") => {
            json!({ "lines": [{ "line": 1, "quantity": 1, "goods": "wasted" }], "reason": "late" })
        }
        ("POST", "rejection") => json!({ "note": "it was drunk" }),
        ("POST", "reconciliations") => json!({ "from": "2026-03-02T07:30:00Z" }),
        ("POST", "settle") => json!({ "note": "by hand" }),
        ("POST", "refunds") => {
            json!({ "amount": { "amount": 1, "currency": "EUR" }, "reason": "cold" })
        }
        ("PUT", "threshold") => json!({ "threshold": 3 }),
        ("POST", "receipts" | "waste" | "adjustments") => change,
        ("PUT", "roles") => json!({ "roles": ["customer"], "staff": [] }),
        ("POST" | "PUT", "clients") => client,
        _ => return None,
    };
    // Blanks that a second writing would not keep.
    Some(format!(" {body} \n"))
}

/// A path with an id in place of each parameter.
pub fn fill(path: &str) -> String {
    ["{id}", "{item}", "{change}"]
        .iter()
        .fold(path.to_owned(), |path, name| path.replace(name, ID))
}

async fn asked_of(stage: &Stage, app: &str) -> Vec<Received> {
    let mut calls = stage.sidecar.received(app).await;
    calls.retain(|call| call.path_and_query.starts_with("/v1/"));
    calls
}

#[tokio::test]
async fn a_body_that_breaks_the_contract_reaches_nobody() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    let mut client = stage.browser();
    let mut judged = 0;
    for row in &PASSED {
        let path = fill(row.path);
        let Some(good) = body_for(&row.method, row.path) else {
            continue;
        };
        judged += 1;
        let mut unknown: Value = serde_json::from_str(&good).expect("JSON");
        unknown["surprise"] = json!(1);
        let upstream = stage
            .sidecar
            .invoke(row.app, row.method.clone(), &fill(row.upstream));
        upstream.respond(200, json!({})).await;
        let token = format!("Bearer {}", bearer::token(&stage.issuer, row.app, CLIENT));
        let json_type = ("content-type", "application/json");
        let public = path.replace("/api/", "/v1/");
        for (bad, status, slug) in [
            ("{}".to_owned(), 422, "invalid-body"),
            ("[1]".to_owned(), 422, "invalid-body"),
            (unknown.to_string(), 422, "invalid-body"),
            ("{".to_owned(), 400, "malformed-json"),
        ] {
            let ours = browser.send(row.method.clone(), &path, &[KEY], &bad).await;
            assert_eq!(
                (ours.status.as_u16(), ours.problem().as_str()),
                (status, slug),
                "{path} {bad}"
            );
            let headers = [KEY, json_type, ("authorization", token.as_str())];
            let theirs = client
                .ask(row.method.clone(), &public, &headers, bad.clone().into())
                .await;
            assert_eq!(
                (theirs.status.as_u16(), theirs.problem().as_str()),
                (status, slug),
                "{public} {bad}"
            );
        }
        let unknown = browser
            .send(row.method.clone(), &path, &[KEY], &unknown.to_string())
            .await;
        assert_eq!(
            unknown.json()["errors"][0]["pointer"],
            "/surprise",
            "{path}"
        );
        assert!(
            asked_of(&stage, row.app)
                .await
                .iter()
                .all(|call| call.method != row.method || call.path_and_query != fill(row.upstream)),
            "{path}"
        );
        let passed = browser.send(row.method.clone(), &path, &[KEY], &good).await;
        assert_eq!(passed.status, StatusCode::OK, "{path}: {passed:?}");
        let call = asked_of(&stage, row.app).await.pop().expect("a call");
        assert_eq!(call.body, good.as_bytes(), "{path}");
    }
    assert_eq!(judged, 32, "rows whose service reads a body");
}

#[tokio::test]
async fn a_query_that_breaks_the_contract_reaches_nobody() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    for path in [
        "/api/orders",
        "/api/users",
        "/api/audit",
        "/api/checkouts",
        "/api/dead-letters/payment",
    ] {
        for bad in ["limit=0", "limit=ten", "cursor=1"] {
            let answer = browser.get(&format!("{path}?{bad}")).await;
            assert_eq!(
                (answer.status.as_u16(), answer.problem().as_str()),
                (422, "invalid-query"),
                "{path}?{bad}"
            );
        }
    }
    for app in ["order", "identity", "payment"] {
        assert!(asked_of(&stage, app).await.is_empty(), "{app}");
    }
}

#[test]
fn every_row_has_a_contract() {
    let document: Value = serde_json::from_str(DOCUMENT).expect("JSON");
    for row in &PASSED {
        let said = &document["paths"][row.path][row.method.as_str().to_ascii_lowercase()];
        let contents = &said["requestBody"]["content"];
        let reads = contents.get(extract::JSON).is_some();
        assert!(said.is_object(), "{} {}", row.method, row.path);
        assert_eq!(
            reads,
            body_for(&row.method, row.path).is_some(),
            "{} {}",
            row.method,
            row.path
        );
        let Some(upload) = row.upload else { continue };
        let kinds = contents.as_object().expect("contents").iter();
        let kinds: Vec<_> = kinds
            .map(|(kind, content)| {
                assert_eq!(content["schema"]["maxLength"], upload.most, "{}", row.path);
                kind.as_str()
            })
            .collect();
        assert_eq!(kinds, upload.kinds, "{}", row.path);
    }
}
