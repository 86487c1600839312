//! `GET /v1/stores`.

use http::StatusCode;
use serde_json::json;

use crate::catalog::{Catalog, RYNEK, list};

#[tokio::test]
async fn lists_all_stores_and_answers_304_to_who_has_them() {
    let catalog = Catalog::start().await;
    let answer = catalog.get("/v1/stores", None).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["content-type"], "application/json");
    let body = answer.json();
    assert_eq!(
        body["items"][0],
        json!({
            "id": RYNEK,
            "name": "Crema Rynek",
            "street": "Rynek 14",
            "city": "Kraków",
            "timezone": "Europe/Warsaw",
            "currency": "EUR",
        })
    );
    assert_eq!(list(&body["items"]).len(), 2);
    assert_eq!(body["next"], json!(null));

    let tag = answer.tag();
    let again = catalog.get("/v1/stores", Some(&tag)).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert_eq!(again.tag(), tag);
    assert!(again.body.is_empty());

    catalog
        .change("UPDATE stores SET street = 'Rynek 15' WHERE position = 0")
        .await;
    let moved = catalog.get("/v1/stores", Some(&tag)).await;
    assert_eq!(moved.status, StatusCode::OK);
    assert_ne!(moved.tag(), tag);
}
