//! `/v1`: what registered clients reach with a token of their own.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use bff::ops::pass_bearer::TABLE;
use serde_json::json;
use testkit::Issuer;
use uuid::Uuid;
use wiremock::ResponseTemplate;

use crate::browser::{Answer, Browser};
use crate::contract;
use crate::stage::Stage;

const ID: &str = "0190a000-0000-7000-8000-0000000000aa";
const CLIENT: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_00c1);
const OTHER: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_00c2);

/// A token of a registered client.
pub fn token(issuer: &Issuer, audience: &str, client: &str) -> String {
    issuer.token(audience, |claims| {
        client.clone_into(&mut claims.client_id);
        client.clone_into(&mut claims.sub);
    })
}

async fn ask(browser: &mut Browser, method: &Method, path: &str, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", "key-1"),
        ("content-type", "application/json"),
        ("x-user-id", "admin"),
        ("dapr-app-id", "identity"),
        ("cookie", "__Host-crema=planted"),
    ];
    let body = contract::body_for(method, path).unwrap_or_default();
    browser
        .ask(method.clone(), path, &headers, body.into())
        .await
}

#[tokio::test]
async fn every_row_reaches_its_service_with_the_clients_own_token_and_no_cookie() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    let fill = contract::fill;
    for (path, row) in TABLE.iter() {
        let token = token(&stage.issuer, row.app, &CLIENT.to_string());
        let upstream = fill(row.upstream);
        stage
            .sidecar
            .invoke(row.app, row.method.clone(), &upstream)
            .respond(200, json!({"from": row.app}))
            .await;
        let before = stage.sidecar.received(row.app).await.len();
        let path = format!("{}?limit=2", fill(path));
        let answer = ask(&mut browser, &row.method, &path, &token).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
        assert!(answer.header("ratelimit").starts_with("\"client\";"));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
        let call = stage.sidecar.received(row.app).await.pop().expect("a call");
        assert!(stage.sidecar.received(row.app).await.len() > before);
        assert_eq!(call.path_and_query, format!("{upstream}?limit=2"));
        assert_eq!(call.headers["authorization"], format!("Bearer {token}"));
        for name in ["cookie", "x-user-id", "dapr-app-id"] {
            assert!(!call.headers.contains_key(name), "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn a_session_opens_nothing_here_and_a_token_nothing_under_api() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    for (path, row) in TABLE.iter() {
        let path = contract::fill(path);
        let answer = browser.send(row.method.clone(), &path, &[], "").await;
        assert_eq!(
            (answer.status, answer.header("www-authenticate")),
            (StatusCode::UNAUTHORIZED, "Bearer"),
            "{path}"
        );
    }
    let token = token(&stage.issuer, "order", &CLIENT.to_string());
    let answer = ask(&mut stage.browser(), &Method::GET, "/api/orders", &token).await;
    assert_eq!(answer.problem(), "authorization-refused");
    assert!(stage.sidecar.received("order").await.is_empty());
}

#[tokio::test]
async fn only_a_good_token_of_a_registered_client_for_that_very_service_gets_through() {
    let stage = Stage::set().await;
    let client = CLIENT.to_string();
    let expired = stage.issuer.token("order", |claims| {
        claims.client_id.clone_from(&client);
        claims.exp = claims.iat - 60;
    });
    let elsewhere = stage.issuer.token("order", |claims| {
        claims.client_id.clone_from(&client);
        claims.iss = "https://evil.example".into();
    });
    for bad in [
        token(&stage.issuer, "payment", &client),
        token(&stage.issuer, "bff", &client),
        token(&Issuer::new(), "order", &client),
        // The platform's own clients have no business outside.
        token(&stage.issuer, "order", "bff"),
        expired,
        elsewhere,
        "x".into(),
        String::new(),
    ] {
        let answer = ask(&mut stage.browser(), &Method::GET, "/v1/orders", &bad).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{bad}");
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer error=\"invalid_token\"",
            "{bad}"
        );
    }
    let basic = [("authorization", "Basic eDp5")];
    let answer = stage
        .browser()
        .ask(Method::GET, "/v1/orders", &basic, Body::empty())
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(stage.sidecar.received("order").await.is_empty());
}

#[tokio::test]
async fn the_service_decides_and_its_answer_comes_through() {
    let stage = Stage::set().await;
    let refusal = ResponseTemplate::new(403)
        .insert_header("www-authenticate", "Bearer error=\"insufficient_scope\"")
        .insert_header("set-cookie", "__Host-crema=planted; Path=/")
        .insert_header("x-internal", "canary")
        .set_body_raw(
            r#"{"type":"urn:problem-type:crema:forbidden"}"#,
            "application/problem+json",
        );
    stage
        .sidecar
        .invoke("order", Method::GET, "/v1/orders")
        .respond_with(refusal)
        .await;
    let placed = ResponseTemplate::new(202).insert_header("location", format!("/v1/orders/{ID}"));
    stage
        .sidecar
        .invoke("order", Method::POST, "/v1/orders")
        .respond_with(placed)
        .await;
    let token = token(&stage.issuer, "order", &CLIENT.to_string());
    let mut client = stage.browser();
    let refused = ask(&mut client, &Method::GET, "/v1/orders", &token).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (StatusCode::FORBIDDEN, "forbidden".into())
    );
    assert!(
        refused
            .header("www-authenticate")
            .contains("insufficient_scope")
    );
    assert!(!refused.headers.contains_key("x-internal"));
    assert!(client.set_cookies.is_empty());
    let placed = ask(&mut client, &Method::POST, "/v1/orders", &token).await;
    assert_eq!(placed.status, StatusCode::ACCEPTED);
    assert_eq!(placed.header("location"), format!("/v1/orders/{ID}"));
    let bearer = format!("Bearer {token}");
    let without_key = [("authorization", bearer.as_str())];
    let answer = client.ask(Method::POST, "/v1/orders", &without_key, "{}".into());
    assert_eq!(answer.await.problem(), "idempotency-key-missing");
}

#[tokio::test]
async fn a_client_that_asks_too_much_waits_whatever_its_token_and_another_does_not() {
    let stage = Stage::set().await;
    let orders = stage.sidecar.invoke("order", Method::GET, "/v1/orders");
    orders
        .respond(200, json!({"items": [], "next": null}))
        .await;
    let mut browser = stage.browser();
    let (mut served, mut refused) = (0, 0);
    for _ in 0..700 {
        let token = token(&stage.issuer, "order", &CLIENT.to_string());
        match ask(&mut browser, &Method::GET, "/v1/orders", &token).await {
            answer if answer.status == StatusCode::OK => served += 1,
            answer => {
                assert_eq!(answer.problem(), "too-many-requests");
                assert!(answer.header("ratelimit").starts_with("\"client\";r=0;"));
                refused += 1;
            }
        }
    }
    assert_eq!((served, refused), (600, 100));
    let other = token(&stage.issuer, "order", &OTHER.to_string());
    let answer = ask(&mut browser, &Method::GET, "/v1/orders", &other).await;
    assert_eq!(answer.status, StatusCode::OK);
}
