//! What the public listener lets in and out.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::browser::HERE;
use crate::stage::Stage;

const ORDER: &str = "/api/orders/0190a000-0000-7000-8000-0000000000aa";

#[tokio::test]
async fn no_page_of_another_site_reads_anything() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    let streams = [
        format!("{ORDER}/events"),
        "/api/stores/0190a000-0000-7000-8000-000000000001/tickets/events".into(),
    ];
    for path in [
        "/api/session",
        "/api/orders",
        ORDER,
        "/api/stores",
        "/api/session/start",
    ]
    .into_iter()
    .chain(streams.iter().map(String::as_str))
    {
        for from in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
        ] {
            let answer = browser.ask(Method::GET, path, &[from], Body::empty()).await;
            assert_eq!(
                (answer.status, answer.problem()),
                (StatusCode::FORBIDDEN, "cross-site".into()),
                "{path} {from:?}"
            );
        }
    }
    assert!(stage.sidecar.received("order").await.is_empty());
}

#[tokio::test]
async fn no_form_changes_anything() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    let ours = [("sec-fetch-site", "same-origin"), ("origin", HERE)];
    let header = ("x-crema-request", "1");
    let json = ("content-type", "application/json");
    let fulfilment = format!("{ORDER}/fulfilment");
    for path in ["/api/orders", &fulfilment] {
        let mut without = ours.to_vec();
        without.push(json);
        let answer = browser.ask(Method::POST, path, &without, "{}".into()).await;
        assert_eq!(answer.problem(), "request-header-missing", "{path}");
        let mut form = ours.to_vec();
        form.extend([
            header,
            ("content-type", "application/x-www-form-urlencoded"),
        ]);
        let answer = browser.ask(Method::POST, path, &form, "a=b".into()).await;
        assert_eq!(answer.problem(), "unsupported-media-type", "{path}");
        for from in [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let answer = browser
                .ask(Method::POST, path, &[from, header, json], "{}".into())
                .await;
            assert_eq!(answer.problem(), "cross-site", "{path} {from:?}");
        }
    }
    assert!(stage.sidecar.received("order").await.is_empty());
}

#[tokio::test]
async fn api_takes_no_authorization() {
    let stage = Stage::set().await;
    for path in ["/api/session", "/api/stores", "/api/orders"] {
        let answer = stage
            .browser()
            .ask(
                Method::GET,
                path,
                &[("authorization", "Bearer x")],
                Body::empty(),
            )
            .await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::BAD_REQUEST, "authorization-refused".into())
        );
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    for path in [
        "/api",
        "/api/",
        "/api/orders/",
        "/api/orders/1",
        "/api/orders/%2e%2e",
        "/api/orders/..%2f..%2fv1",
        "/api/stores/x/menu",
        "/api/orders/0190a000-0000-7000-8000-0000000000aa%2fhistory",
        "/v1/nothing",
        "/v1/reservations",
        "/events/order",
        "/dapr/subscribe",
        "/oauth2",
        "/oauth2/device",
        "/oauth2/../v1/orders",
        "/oauth2/token/",
        "/.well-known/other",
        "/metrics",
        "/healthz",
        "/readyz",
        "/routes",
        "/index.html",
        "/secret.txt",
        "/orders/1/2",
        "//evil.example",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::NOT_FOUND, "not-found".into()),
            "{path}"
        );
    }
    for (method, path) in [
        (Method::PUT, "/api/orders"),
        (Method::DELETE, ORDER),
        (Method::GET, "/oauth2/token"),
        (Method::POST, "/"),
    ] {
        let answer = browser.send(method, path, &[], "").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    assert!(
        stage.sidecar.received("order").await.is_empty()
            && stage.sidecar.received("catalog").await.is_empty()
    );
}

#[tokio::test]
async fn every_answer_protects_its_reader() {
    let stage = Stage::set().await;
    stage
        .sidecar
        .invoke("catalog", Method::GET, "/v1/stores")
        .respond(200, json!({"items": [], "next": null}))
        .await;
    let mut browser = stage.browser();
    for path in [
        "/",
        "/orders",
        "/assets/app-0a1b.js",
        "/api/session",
        "/api/stores",
        "/api/stores",
        "/api/orders",
        "/nothing",
    ] {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(
            answer.header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            "same-origin",
            "{path}"
        );
        assert!(!answer.header("referrer-policy").is_empty(), "{path}");
        assert!(
            answer.header("strict-transport-security").is_empty(),
            "not on localhost: {path}"
        );
        assert!(
            answer.header("access-control-allow-origin").is_empty(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_clients_invent_reaches_no_service() {
    let stage = Stage::set().await;
    stage
        .sidecar
        .invoke("order", Method::GET, "/v1/orders")
        .respond(200, json!({"items": [], "next": null}))
        .await;
    let mut browser = stage.signed_in().await;
    let forged = [
        ("x-user-id", "admin"),
        ("x-user-roles", "admin"),
        ("x-forwarded-for", "203.0.113.9"),
        ("forwarded", "for=203.0.113.9"),
        ("x-forwarded-host", "evil.example"),
        ("dapr-api-token", "forged"),
        ("dapr-app-id", "identity"),
        ("dapr-caller-app-id", "order"),
        ("proxy-authorization", "Basic x"),
        ("te", "trailers"),
        ("sec-fetch-site", "same-origin"),
        ("prefer", "wait=2"),
    ];
    let answer = browser
        .ask(Method::GET, "/api/orders?limit=2", &forged, Body::empty())
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let call = stage.sidecar.received("order").await.remove(0);
    assert_eq!(call.path_and_query, "/v1/orders?limit=2");
    for (name, value) in forged.iter().filter(|(name, _)| *name != "prefer") {
        assert!(
            call.headers.get_all(*name).iter().all(|sent| sent != value),
            "{name}"
        );
    }
    assert_eq!(call.headers["prefer"], "wait=2");
    assert!(!call.headers.contains_key("cookie"));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_early() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    let large = "x".repeat(64 * 1024 + 1);
    let key = [("idempotency-key", "1")];
    for length in [None, Some(large.len().to_string())] {
        let mut headers = key.to_vec();
        headers.extend(length.as_deref().map(|length| ("content-length", length)));
        let answer = browser
            .send(Method::POST, "/api/orders", &headers, &large)
            .await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large".into())
        );
    }
    let long = format!("/api/orders?cursor={}", "x".repeat(8 * 1024));
    assert_eq!(browser.get(&long).await.status, StatusCode::URI_TOO_LONG);
    assert!(stage.sidecar.received("order").await.is_empty());
}
