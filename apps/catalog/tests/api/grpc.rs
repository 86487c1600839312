//! Reading by gRPC: what proto/ promises, read by that file alone, against what HTTP answers.

use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use testkit::APP_TOKEN;
use testkit::proto::Proto;

use crate::catalog::{Catalog, RYNEK, STATION};

fn proto() -> Proto {
    Proto::read(include_str!("../../proto/crema/catalog/v1/catalog.proto"))
}

impl Catalog {
    /// Calls a method with these scopes; the status, the headers and the message.
    async fn call(&self, scope: &str, name: &str, request: &Value) -> (String, HeaderMap, Value) {
        let proto = proto();
        let method = proto.methods().iter().find(|one| one.path.ends_with(name));
        let method = method.expect("a method");
        let token = self.issuer.token("catalog", |claims| {
            scope.clone_into(&mut claims.scope);
        });
        let call = Request::post(&method.path)
            .header("dapr-api-token", APP_TOKEN)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/grpc")
            .body(proto.framed(&method.request, request).into());
        let answer = self.raw(call.expect("a request")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let (head, body) = answer.into_parts();
        let body = body.collect().await.expect("a body");
        let trailers = body.trailers().cloned().unwrap_or_default();
        let status = head.headers.get("grpc-status");
        let status = status.or_else(|| trailers.get("grpc-status"));
        let status = status.expect("a status").to_str().expect("a number");
        let body = body.to_bytes();
        let message = if body.is_empty() {
            Value::Null
        } else {
            proto.unframed(&method.response, &body)
        };
        (status.to_owned(), head.headers, message)
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
        let (status, _, message) = catalog.call(scope, name, &request).await;
        assert_eq!(status, "0", "{name} {request}");
        let read = catalog.read(&path).await;
        assert_eq!(read.status, StatusCode::OK, "{path}");
        assert_eq!(message, read.json(), "{name} {request}");
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
        let (status, headers, message) = catalog.call(scope, name, &request).await;
        let slug = headers["crema-problem"].to_str().expect("a slug");
        assert_eq!((status.as_str(), slug), refusal, "{name} {request}");
        assert_eq!(message, Value::Null);
    }
}

#[tokio::test]
async fn the_table_has_a_row_for_each_method_of_the_file_and_no_other() {
    let mut served: Vec<_> = ::catalog::routes::table()
        .table()
        .iter()
        .filter(|row| row.path.starts_with("/crema."))
        .map(|row| row.path.to_owned())
        .collect();
    let mut promised: Vec<_> = proto()
        .methods()
        .iter()
        .map(|method| method.path.clone())
        .collect();
    served.sort();
    promised.sort();
    assert_eq!(served, promised);
}
