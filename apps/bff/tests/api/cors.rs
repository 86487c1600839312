//! What scripts of other sites may ask: identity's endpoints for clients, and nothing of ours.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use bff::ops::preflight::PATHS;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::browser::{Answer, Browser};
use crate::stage::Stage;

const BEANS: &str = "https://beans.example";

async fn preflight(browser: &mut Browser, path: &str, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("sec-fetch-site", "cross-site"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization"),
    ];
    browser
        .ask(Method::OPTIONS, path, &headers, Body::empty())
        .await
}

fn grants(answer: &Answer) -> Vec<String> {
    let names = answer.headers.keys().map(ToString::to_string);
    names
        .filter(|name| name.starts_with("access-control-"))
        .collect()
}

/// A stage whose identity shares with one origin.
async fn stage() -> Stage {
    let stage = Stage::set().await;
    stage.identity.with(|inner| inner.shares_with = Some(BEANS));
    for (method, path) in [(Method::GET, "/oauth2/userinfo"), (Method::GET, "/sign-in")] {
        let answer = ResponseTemplate::new(200)
            .insert_header("access-control-allow-origin", BEANS)
            .insert_header("access-control-expose-headers", "www-authenticate")
            .insert_header("access-control-allow-credentials", "true")
            .set_body_json(json!({}));
        let endpoint = stage.sidecar.invoke("identity", method, path);
        endpoint.respond_with(answer).await;
    }
    stage
}

#[tokio::test]
async fn a_browser_is_told_what_a_registered_clients_script_may_send() {
    let stage = stage().await;
    let mut browser = stage.browser();
    for path in PATHS {
        let answer = preflight(&mut browser, path, BEANS).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), BEANS);
        assert_eq!(answer.header("access-control-allow-methods"), "GET, POST");
        assert_eq!(
            answer.header("access-control-allow-headers"),
            "authorization, content-type"
        );
        assert_eq!(answer.header("vary"), "Origin");
        assert!(!grants(&answer).contains(&"access-control-allow-credentials".into()));
        let answer = preflight(&mut browser, path, "https://evil.example").await;
        assert_eq!(grants(&answer), Vec::<String>::new(), "{path}");
    }
}

#[tokio::test]
async fn identitys_word_comes_through_without_cookies() {
    let stage = stage().await;
    let headers = [("origin", BEANS)];
    let mut browser = stage.browser();
    let answer = browser.ask(Method::GET, "/oauth2/userinfo", &headers, Body::empty());
    let answer = answer.await;
    assert_eq!(answer.header("access-control-allow-origin"), BEANS);
    assert!(!grants(&answer).contains(&"access-control-allow-credentials".into()));
    let call = stage
        .sidecar
        .received("identity")
        .await
        .pop()
        .expect("a call");
    assert_eq!(call.headers["origin"], BEANS);
}

#[tokio::test]
async fn no_other_site_may_ask_for_anything_else() {
    let stage = stage().await;
    let mut browser = stage.browser();
    for path in [
        "/api/orders",
        "/api/session",
        "/api/stores",
        "/v1/orders",
        "/v1/stores",
        "/sign-in",
        "/oauth2/authorize",
        "/oauth2/introspect",
        "/webhooks/provider",
        "/",
        "/nowhere",
    ] {
        let answer = preflight(&mut browser, path, BEANS).await;
        assert_eq!(grants(&answer), Vec::<String>::new(), "{path}");
        assert!(!answer.status.is_success(), "{path}: {}", answer.status);
    }
}
