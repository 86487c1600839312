//! Orders: what is passed on, and how answers come back.

use axum::http::{Method, StatusCode};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::stage::Stage;

const ID: &str = "0190a000-0000-7000-8000-0000000000aa";
const BODY: &str = r#"{"store_id":"0190a000-0000-7000-8000-000000000001","lines":[],"payment":{"method":"counter"}}"#;

#[tokio::test]
async fn every_way_to_orders_needs_somebody_signed_in() {
    let stage = Stage::set().await;
    let reads = [
        "/api/orders",
        "/api/orders/{id}",
        "/api/orders/{id}/history",
        "/api/orders/{id}/events",
        "/api/stores/{id}/tickets",
        "/api/stores/{id}/tickets/events",
    ];
    for path in reads {
        let answer = stage.browser().get(&path.replace("{id}", ID)).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::UNAUTHORIZED, "not-signed-in".into()),
            "{path}"
        );
    }
    for path in ["/api/orders", "/api/orders/{id}/fulfilment"] {
        let key = [("idempotency-key", "1")];
        let answer = stage
            .browser()
            .send(Method::POST, &path.replace("{id}", ID), &key, BODY)
            .await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::UNAUTHORIZED, "not-signed-in".into()),
            "{path}"
        );
    }
    assert!(stage.sidecar.received("order").await.is_empty());
}

#[tokio::test]
async fn an_order_is_placed_with_its_key_and_found_again() {
    let stage = Stage::set().await;
    let placed = ResponseTemplate::new(202)
        .insert_header("location", format!("/v1/orders/{ID}"))
        .insert_header("etag", "\"2\"")
        .insert_header("preference-applied", "wait=2")
        .insert_header("set-cookie", "__Host-crema=planted; Path=/; Secure")
        .insert_header("x-internal", "canary")
        .set_body_json(json!({"id": ID}));
    stage
        .sidecar
        .invoke("order", Method::POST, "/v1/orders")
        .respond_with(placed)
        .await;
    let mut browser = stage.signed_in().await;
    let cookies = browser.cookies.clone();
    let headers = [("idempotency-key", "key-1"), ("prefer", "wait=2")];
    let answer = browser
        .send(Method::POST, "/api/orders", &headers, BODY)
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.header("location"), format!("/api/orders/{ID}"));
    assert_eq!(answer.header("preference-applied"), "wait=2");
    assert_eq!(answer.header("etag"), "\"2\"");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.json(), json!({"id": ID}));
    assert!(!answer.headers.contains_key("x-internal"));
    assert_eq!(browser.cookies, cookies, "a service sets no cookie");
    let call = stage.sidecar.received("order").await.remove(0);
    assert_eq!(call.headers["idempotency-key"], "key-1");
    assert_eq!(call.headers["content-type"], "application/json");
    assert_eq!(call.body, BODY.as_bytes());
}

#[tokio::test]
async fn an_order_without_a_proper_key_is_refused() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    let long = "k".repeat(256);
    for key in [None, Some(""), Some("a b"), Some("ä"), Some(long.as_str())] {
        let headers: Vec<_> = key.iter().map(|key| ("idempotency-key", *key)).collect();
        let answer = browser
            .send(Method::POST, "/api/orders", &headers, BODY)
            .await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::BAD_REQUEST, "idempotency-key-missing".into()),
            "{key:?}"
        );
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    assert_eq!(
        browser
            .send(Method::POST, "/api/orders", &twice, BODY)
            .await
            .status,
        StatusCode::BAD_REQUEST
    );
    assert!(stage.sidecar.received("order").await.is_empty());
}

#[tokio::test]
async fn a_step_carries_the_version_it_was_decided_on() {
    let stage = Stage::set().await;
    let path = format!("/v1/orders/{ID}/fulfilment");
    stage
        .sidecar
        .invoke("order", Method::POST, &path)
        .respond(200, json!({"id": ID}))
        .await;
    let mut browser = stage.signed_in().await;
    let body = r#"{"status":"preparation"}"#;
    let answer = browser
        .send(
            Method::POST,
            &format!("/api/orders/{ID}/fulfilment"),
            &[("if-match", "\"2\"")],
            body,
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let call = stage.sidecar.received("order").await.remove(0);
    assert_eq!(
        (call.headers["if-match"].to_str().ok(), call.body.as_slice()),
        (Some("\"2\""), body.as_bytes())
    );
}

#[tokio::test]
async fn a_services_problem_comes_through_whole() {
    let stage = Stage::set().await;
    let problem = json!({
        "type": "urn:problem-type:crema:quantity-out-of-range", "title": "Out of range", "status": 422,
        "errors": [{"pointer": "/lines/0/quantity", "detail": "1 to 99"}], "trace_id": "0af7651916cd43dd8448eb211c80319c",
    });
    let answer = ResponseTemplate::new(422)
        .set_body_raw(problem.to_string(), "application/problem+json")
        .insert_header("retry-after", "7");
    stage
        .sidecar
        .invoke("order", Method::POST, "/v1/orders")
        .respond_with(answer)
        .await;
    let mut browser = stage.signed_in().await;
    let answer = browser
        .send(
            Method::POST,
            "/api/orders",
            &[("idempotency-key", "1")],
            BODY,
        )
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.problem(), "quantity-out-of-range");
    assert_eq!(answer.json(), problem);
    assert_eq!(answer.header("retry-after"), "7");
}

#[tokio::test]
async fn an_order_service_that_is_away_is_a_503_that_says_when() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    // Five failures open the breaker; its answer is the same.
    for _ in 0..8 {
        let answer = browser.get("/api/orders").await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable".into())
        );
        assert!(
            answer
                .header("retry-after")
                .parse::<u64>()
                .is_ok_and(|seconds| seconds >= 1)
        );
    }
    assert_eq!(stage.sidecar.received("order").await.len(), 5);
}

#[tokio::test]
async fn a_crash_behind_us_shows_nothing_of_itself() {
    let stage = Stage::set().await;
    let crash = ResponseTemplate::new(500).set_body_string("thread 'main' panicked at canary");
    stage
        .sidecar
        .invoke("order", Method::GET, "/v1/orders")
        .respond_with(crash)
        .await;
    let mut browser = stage.signed_in().await;
    let answer = browser.get("/api/orders").await;
    assert_eq!(
        (answer.status, answer.problem()),
        (StatusCode::BAD_GATEWAY, "upstream-failed".into())
    );
    assert!(!String::from_utf8_lossy(&browser.seen).contains("canary"));
}
