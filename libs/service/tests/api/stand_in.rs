//! A service with a route for each kind of access, and one that hears of sessions that ended.

use axum::Router;
use axum::body::{Body, Bytes};
use http::{Method, Request, StatusCode, header};
use service::auth::{Principal, Verifier};
use service::clock::Clock;
use service::extract::Json;
use service::revoked;
use service::routes::{Access, Guard, Routes, Upload};
use testkit::{APP_TOKEN, Issuer};
use tower::ServiceExt as _;

pub fn verifier(issuer: &Issuer) -> Verifier {
    let keys = serde_json::from_value(issuer.jwks()).expect("a key set");
    Verifier::local(&keys, issuer.address(), "order", Clock::system())
}

/// A body that is no JSON, and larger than most.
pub const FILE: Upload = Upload {
    kinds: &["image/png"],
    most: 3 * 1024 * 1024,
};

pub fn router(verifier: Verifier) -> Router {
    Routes::new()
        .route(Method::GET, "/public", Access::Public, async || "public")
        .route(
            Method::GET,
            "/mine",
            Access::Scope("order:read"),
            async |caller: Principal| caller.subject,
        )
        .route(
            Method::POST,
            "/events",
            Access::Sidecar,
            async |Json(event): Json<serde_json::Value>| event.to_string(),
        )
        .route(Method::POST, "/file", Access::Public, async || "no file")
        .upload(
            Method::PUT,
            "/file",
            Access::Public,
            FILE,
            async |file: Bytes| file.len().to_string(),
        )
        .upload(
            Method::PUT,
            "/my-file",
            Access::Scope("order:read"),
            FILE,
            async |file: Bytes| file.len().to_string(),
        )
        .route(
            Method::POST,
            "/events/identity",
            Access::Sidecar,
            revoked::hear,
        )
        .into_router((), Guard::new(verifier, APP_TOKEN.into()))
}

/// A delivery of the sidecar.
pub async fn deliver(router: &Router, path: &str, event: &serde_json::Value) -> StatusCode {
    let request = Request::post(path)
        .header("dapr-api-token", APP_TOKEN)
        .header(header::CONTENT_TYPE, "application/cloudevents+json")
        .body(Body::from(event.to_string()));
    send(router, request.expect("a request")).await.0
}

/// The status and body of one request; `token` is a bearer token.
pub async fn get(router: &Router, path: &str, token: Option<&str>) -> (StatusCode, String) {
    let mut request = Request::get(path).header("dapr-api-token", APP_TOKEN);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    send(router, request.body(Body::empty()).expect("a request")).await
}

pub async fn send(router: &Router, request: Request<Body>) -> (StatusCode, String) {
    let response = router.clone().oneshot(request).await.expect("an answer");
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .expect("a body");
    (status, String::from_utf8(body.to_vec()).expect("text"))
}
