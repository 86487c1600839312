//! Identity's endpoints and pages under the public address.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use bff::ops::to_identity::TABLE;
use dapr_kit::query::QUERY;
use serde_json::json;
use tower::ServiceExt as _;
use wiremock::ResponseTemplate;

use crate::stage::Stage;

#[tokio::test]
async fn exactly_the_listed_paths_reach_identity() {
    let stage = Stage::set().await;
    for (method, path) in &TABLE {
        let path = &path.replace("{provider}", "campus");
        stage
            .sidecar
            .invoke("identity", method.clone(), path)
            .respond(200, json!({}))
            .await;
        let before = stage.sidecar.received("identity").await.len();
        let body = "grant_type=refresh_token&refresh_token=x&token=x";
        let headers = [
            ("authorization", "Basic eDp5"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("x-crema-query", "forged=1"),
        ];
        stage
            .browser()
            .ask(
                method.clone(),
                &format!("{path}?a=%2F"),
                &headers,
                body.into(),
            )
            .await;
        let call = stage.sidecar.received("identity").await.remove(before);
        // Sidecars tell the traces what path they pass on, so the query travels beside it.
        assert_eq!(
            (&call.method, call.path_and_query.as_str()),
            (method, path.as_str())
        );
        let queries: Vec<_> = call.headers.get_all(QUERY).iter().collect();
        assert_eq!(queries, ["a=%2F"]);
    }
}

#[tokio::test]
async fn another_provider_that_is_away_is_a_503_with_identitys_own_page() {
    let stage = Stage::set().await;
    let answer = ResponseTemplate::new(424)
        .insert_header("retry-after", "30")
        .set_body_raw("<h1>One moment, please</h1>", "text/html; charset=utf-8");
    stage
        .sidecar
        .invoke("identity", Method::GET, "/sign-in/with/campus/callback")
        .respond_with(answer)
        .await;
    let answer = stage
        .browser()
        .get("/sign-in/with/campus/callback?state=x")
        .await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "30");
    assert!(answer.header("content-type").starts_with("text/html"));
    assert_eq!(stage.sidecar.received("identity").await.len(), 1);
}

#[tokio::test]
async fn identity_sees_its_own_cookie_alone_and_sets_its_own_alone() {
    let stage = Stage::set().await;
    let answer = ResponseTemplate::new(303)
        .insert_header("location", "/oauth2/authorize?x=y")
        .append_header(
            "set-cookie",
            "__Host-crema-id=new; Path=/; Secure; HttpOnly; SameSite=Lax",
        )
        .append_header("set-cookie", "__Host-crema=planted; Path=/; Secure")
        .insert_header("cache-control", "no-store")
        .insert_header(
            "content-security-policy",
            "default-src 'none'; form-action 'self' https://client.example",
        )
        .insert_header("retry-after", "3")
        .insert_header("x-powered-by", "canary");
    stage
        .sidecar
        .invoke("identity", Method::POST, "/sign-in")
        .respond_with(answer)
        .await;
    let mut browser = stage.signed_in().await;
    let session = browser.cookies["__Host-crema"].clone();
    browser
        .cookies
        .insert("__Host-crema-id".into(), "old".into());
    let headers = [
        ("origin", crate::browser::HERE),
        ("sec-fetch-site", "same-origin"),
        ("authorization", "Basic eDp5"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-user-id", "admin"),
        ("dapr-app-id", "order"),
    ];
    let answer = browser
        .ask(Method::POST, "/sign-in", &headers, "email=a".into())
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), "/oauth2/authorize?x=y");
    assert_eq!(
        (answer.header("retry-after"), answer.header("cache-control")),
        ("3", "no-store")
    );
    assert!(
        answer
            .header("content-security-policy")
            .contains("client.example"),
        "its pages' own policy stays"
    );
    assert!(!answer.headers.contains_key("x-powered-by"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(
        (
            &*browser.cookies["__Host-crema"],
            &*browser.cookies["__Host-crema-id"]
        ),
        (&*session, "new")
    );
    let call = stage
        .sidecar
        .received("identity")
        .await
        .pop()
        .expect("a call");
    assert_eq!(call.headers["cookie"], "__Host-crema-id=old");
    assert_eq!(call.headers["authorization"], "Basic eDp5");
    assert_eq!(call.headers["origin"], crate::browser::HERE);
    for name in ["x-forwarded-for", "x-user-id", "dapr-app-id"] {
        assert!(!call.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn identity_is_told_who_really_sends() {
    let stage = Stage::set().await;
    stage
        .sidecar
        .invoke("identity", Method::GET, "/sign-in")
        .respond(200, json!({}))
        .await;
    let request = Request::get("/sign-in")
        .header("x-forwarded-for", "203.0.113.9")
        .body(Body::empty())
        .expect("a request");
    let connection = stage.public().of(SocketAddr::from(([192, 0, 2, 1], 1234)));
    let answer = connection.oneshot(request).await.expect("infallible");
    assert_eq!(answer.status(), StatusCode::OK);
    let call = stage.sidecar.received("identity").await.remove(0);
    assert_eq!(call.headers["x-forwarded-for"], "192.0.2.1");
}

#[tokio::test]
async fn an_identity_that_is_away_is_a_503() {
    let stage = Stage::set().await;
    let answer = stage.browser().get("/sign-in").await;
    assert_eq!(
        (answer.status, answer.problem()),
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable".into())
    );
}
