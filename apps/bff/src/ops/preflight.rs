//! `OPTIONS` on the endpoints that scripts of registered clients use: what a browser asks before it lets them (CORS).
//!
//! Invariant: identity alone says which origins those are, and no answer is shared together with a cookie. Nothing under
//! `/api` or `/v1` has such a row: no other site's script calls there.

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};

use crate::config::{IDENTITY, JWKS};
use crate::error::Error;
use crate::state::App;

/// The endpoints.
pub const PATHS: [&str; 5] = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/oauth2/jwks",
    "/oauth2/token",
    "/oauth2/userinfo",
];

/// The handler.
pub async fn handle(State(app): State<App>, request: Request) -> Result<Response, Error> {
    let headers = request.headers();
    let origin = headers.get(ORIGIN).cloned();
    let asks = headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = StatusCode::NO_CONTENT.into_response();
    let answer = response.headers_mut();
    answer.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin.filter(|_| asks)
        && is_shared_with(&app, &origin).await?
    {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        for (name, value) in [
            (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
            (ACCESS_CONTROL_MAX_AGE, "600"),
        ] {
            answer.insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}

/// Asked by the cheapest of these endpoints: its own answer tells.
async fn is_shared_with(app: &App, origin: &HeaderValue) -> Result<bool, Error> {
    let call = app.dapr.invoke(IDENTITY, Method::GET, JWKS);
    let reply = call.header(ORIGIN, origin.clone()).send().await?;
    Ok(reply.headers.get(ACCESS_CONTROL_ALLOW_ORIGIN) == Some(origin))
}
