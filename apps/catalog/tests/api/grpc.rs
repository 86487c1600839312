//! Reading by gRPC: what proto/ promises, read by that file alone, against what HTTP answers.

use axum::http::StatusCode;
use serde_json::{Value, json};
use testkit::grpc::{Called, call};
use testkit::proto::Proto;

use crate::catalog::{Catalog, RYNEK, STATION};

fn proto() -> Proto {
    Proto::read(include_str!("../../proto/crema/catalog/v1/catalog.proto"))
}

impl Catalog {
    /// Calls a method with these scopes.
    async fn call(&self, scope: &str, name: &str, request: &Value) -> Called {
        let token = self.issuer.token("catalog", |claims| {
            scope.clone_into(&mut claims.scope);
        });
        call(&self.router, &proto(), name, Some(&token), request).await
    }
}

#[tokio::test]
async fn every_read_says_what_http_says() {
    let catalog = Catalog::start().await;
    let products = catalog.read("/v1/products?limit=3").await.json();
    let product = products["items"][0]["id"].clone();
    let path = format!("/v1/products/{}", product.as_str().expect("an id"));
    let cursor = products["next"].as_str().expect("more");
    for (scope, name, request, path) in [
        (
            "catalog:read",
            "ListStores",
            json!({}),
            "/v1/stores".to_owned(),
        ),
        (
            "catalog:read",
            "GetMenu",
            json!({"store": RYNEK}),
            format!("/v1/stores/{RYNEK}/menu"),
        ),
        (
            "catalog:read",
            "GetMenu",
            json!({"store": STATION}),
            format!("/v1/stores/{STATION}/menu"),
        ),
        ("catalog:manage", "GetProduct", json!({"id": product}), path),
        (
            "catalog:manage",
            "ListProducts",
            json!({"limit": 3}),
            "/v1/products?limit=3".to_owned(),
        ),
        (
            "catalog:manage",
            "ListProducts",
            json!({"limit": 3, "cursor": cursor}),
            format!("/v1/products?limit=3&cursor={cursor}"),
        ),
    ] {
        let called = catalog.call(scope, name, &request).await;
        assert_eq!(called.status, "0", "{name} {request}");
        let read = catalog.read(&path).await;
        assert_eq!(read.status, StatusCode::OK, "{path}");
        assert_eq!(called.message, read.json(), "{name} {request}");
    }
}

#[tokio::test]
async fn what_http_refuses_is_refused() {
    let catalog = Catalog::start().await;
    let nothing = "00000000-0000-0000-0000-000000000005";
    for (scope, name, request, refusal) in [
        (
            "catalog:quote",
            "GetMenu",
            json!({"store": RYNEK}),
            ("7", "forbidden"),
        ),
        (
            "catalog:read",
            "GetProduct",
            json!({"id": nothing}),
            ("7", "forbidden"),
        ),
        (
            "catalog:read",
            "GetMenu",
            json!({"store": nothing}),
            ("5", "store-not-found"),
        ),
        (
            "catalog:read",
            "GetMenu",
            json!({"store": "here"}),
            ("5", "store-not-found"),
        ),
        (
            "catalog:manage",
            "GetProduct",
            json!({"id": nothing}),
            ("5", "product-not-found"),
        ),
        (
            "catalog:manage",
            "ListProducts",
            json!({"limit": 101}),
            ("3", "invalid-query"),
        ),
    ] {
        let called = catalog.call(scope, name, &request).await;
        assert_eq!(called.refusal(), refusal, "{name} {request}");
        assert_eq!(called.message, Value::Null);
    }
}

#[tokio::test]
async fn the_table_has_a_row_for_each_method_of_the_file_and_no_other() {
    proto().is_served(::catalog::routes::table().table());
}
