//! Identity's endpoints and pages, published under the public address.
//!
//! Invariant: exactly the paths of the table; our session's cookie never reaches identity, and identity can set no cookie
//! but its own.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};
use axum::http::Method;
use axum::response::Response;

use crate::error::Error;
use crate::perimeter::forward;
use crate::state::App;

/// What identity answers, as `(method, path)`; the same paths there.
pub const TABLE: [(Method, &str); 45] = [
    (Method::GET, "/.well-known/openid-configuration"),
    (Method::GET, "/.well-known/oauth-authorization-server"),
    (Method::GET, "/oauth2/jwks"),
    (Method::GET, "/oauth2/authorize"),
    (Method::POST, "/oauth2/authorize"),
    (Method::POST, "/oauth2/token"),
    (Method::POST, "/oauth2/revoke"),
    (Method::POST, "/oauth2/introspect"),
    (Method::GET, "/oauth2/userinfo"),
    (Method::POST, "/oauth2/userinfo"),
    (Method::GET, "/oauth2/logout"),
    (Method::POST, "/oauth2/logout"),
    (Method::GET, "/sign-in"),
    (Method::POST, "/sign-in"),
    (Method::GET, "/register"),
    (Method::POST, "/register"),
    (Method::POST, "/sign-out"),
    (Method::POST, "/consent"),
    (Method::GET, "/sign-in/code"),
    (Method::POST, "/sign-in/code"),
    (Method::GET, "/sign-in/second-factor"),
    (Method::POST, "/sign-in/second-factor"),
    (Method::GET, "/verify-email"),
    (Method::POST, "/verify-email"),
    (Method::GET, "/verify-email/again"),
    (Method::POST, "/verify-email/again"),
    (Method::GET, "/forgot-password"),
    (Method::POST, "/forgot-password"),
    (Method::GET, "/reset-password"),
    (Method::POST, "/reset-password"),
    (Method::GET, "/account"),
    (Method::GET, "/account/password"),
    (Method::POST, "/account/password"),
    (Method::GET, "/account/security"),
    (Method::POST, "/account/security/begin"),
    (Method::GET, "/account/security/set-up"),
    (Method::POST, "/account/security/set-up"),
    (Method::POST, "/account/security/remove"),
    (Method::POST, "/account/security/recovery-codes"),
    (Method::POST, "/account/sessions/end"),
    (Method::POST, "/account/applications/withdraw"),
    (Method::GET, "/account/export"),
    (Method::GET, "/account/delete"),
    (Method::POST, "/account/delete"),
    (Method::GET, "/identity.css"),
];

/// Passes a request for `path` on.
pub async fn run(
    app: App,
    method: Method,
    path: &'static str,
    request: Request,
) -> Result<Response, Error> {
    let (head, body) = request.into_parts();
    let peer = head
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| peer.ip());
    let target = forward::with_query(path, &head.uri)?;
    let body = forward::body(&head.headers, body).await?;
    let headers = forward::to_identity(&head.headers, peer);
    let reply = app
        .dapr
        .invoke("identity", method, &target)
        .headers(headers)
        .body(body)
        .send()
        .await?;
    forward::from_identity(reply)
}
