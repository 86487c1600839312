//! What scripts of other sites may read: the endpoints for clients in a browser, by origins of registered clients.

use axum::body::Body;
use http::{Method, Request, StatusCode, header};

use crate::foreign::{Foreign, registration_with};
use crate::world::{Answer, World};
use serde_json::json;

const SHARED: [(Method, &str); 5] = [
    (Method::GET, "/.well-known/openid-configuration"),
    (Method::GET, "/.well-known/oauth-authorization-server"),
    (Method::GET, "/oauth2/jwks"),
    (Method::POST, "/oauth2/token"),
    (Method::GET, "/oauth2/userinfo"),
];
const BEANS: &str = "https://beans.example";

async fn ask(world: &World, method: &Method, path: &str, origins: &[&str]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for origin in origins {
        request = request.header(header::ORIGIN, *origin);
    }
    if *method == Method::POST {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    world
        .send(request.body(Body::empty()).expect("a request"))
        .await
}

fn shared_with(answer: &Answer) -> Option<&str> {
    assert!(
        !answer
            .headers
            .contains_key("access-control-allow-credentials")
    );
    let origin = answer.headers.get("access-control-allow-origin")?;
    origin.to_str().ok()
}

#[tokio::test]
async fn a_registered_clients_origin_may_read_what_clients_in_a_browser_need() {
    let world = World::new().await;
    let operator = world.operator().await;
    let port = registration_with(
        "redirect_uris",
        json!(["https://beans.example:8443/callback"]),
    );
    Foreign::beans(&world).await;
    Foreign::of(&world, &operator, &port).await;
    for (method, path) in &SHARED {
        for origin in [BEANS, "https://beans.example:8443"] {
            let answer = ask(&world, method, path, &[origin]).await;
            assert_eq!(shared_with(&answer), Some(origin), "{path}");
            let mut vary = answer.headers.get_all(header::VARY).iter();
            assert!(vary.any(|vary| vary == "Origin"), "{path}");
        }
        for origin in [
            "https://evil.example",
            "https://beans.example.evil.example",
            "https://beans.exampl",
            "https://beans.example:8444",
            "http://beans.example",
            "https://beans.example/",
            "https://beans.example/callback",
            "https://",
            "https://%",
            "null",
            "*",
            "",
        ] {
            let answer = ask(&world, method, path, &[origin]).await;
            assert_eq!(shared_with(&answer), None, "{path} {origin}");
        }
        let twice = ask(&world, method, path, &[BEANS, "https://evil.example"]).await;
        assert_eq!(shared_with(&twice), None, "{path}");
        assert_eq!(shared_with(&ask(&world, method, path, &[]).await), None);
    }
}

#[tokio::test]
async fn nothing_else_is_shared_with_anybody() {
    let world = World::new().await;
    Foreign::beans(&world).await;
    for (method, path) in [
        (Method::GET, "/oauth2/authorize"),
        (Method::GET, "/sign-in"),
        (Method::POST, "/sign-in"),
        (Method::POST, "/oauth2/introspect"),
        (Method::POST, "/oauth2/revoke"),
        (Method::GET, "/account"),
        (Method::GET, "/v1/clients"),
        (Method::GET, "/oauth2/jwks/"),
    ] {
        let answer = ask(&world, &method, path, &[BEANS]).await;
        assert_eq!(shared_with(&answer), None, "{path}");
    }
}

#[tokio::test]
async fn a_client_that_is_removed_takes_its_origin_along() {
    let world = World::new().await;
    let operator = world.operator().await;
    let beans = Foreign::beans(&world).await;
    let path = format!("/v1/clients/{}", beans.id);
    let removed = operator
        .send(Method::DELETE, &path, Some("\"1\""), "")
        .await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{removed:?}");
    let answer = ask(&world, &Method::GET, "/oauth2/jwks", &[BEANS]).await;
    assert_eq!(shared_with(&answer), None);
}
