//! The layer around everything that is routed: who asks too much is told to wait, and what is too much for us is turned
//! away at once.
//!
//! Invariant: a request is counted before anything is spent on it, by the connection it came by and the session it
//! shows. Live streams take no place among the requests that are worked on; health is asked at another listener.

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use dapr_kit::deadline::within;
use service::rate::seconds_up;

use crate::cookies;
use crate::error::Error;
use crate::limits::{Class, Full, Judged, Origin};
use crate::state::App;

/// draft-ietf-httpapi-ratelimit-headers.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How long a request may take in all: what services are asked for on its behalf is waited for no longer.
const DEADLINE: Duration = Duration::from_secs(15);

/// Lets pass what is within the limits.
pub async fn brake(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let class = Class::of(request.method(), route.map(MatchedPath::as_str));
    let origin = Origin::of(request.extensions());
    let session = class
        .is_of_sessions()
        .then(|| cookies::read(request.headers(), cookies::SESSION))
        .flatten();
    let judged = app
        .limits
        .charge(class, origin, session, app.clock.now())
        .await;
    if !judged.verdict.allows() {
        return refuse(judged);
    }
    let mut response = if class.lasts() {
        next.run(request).await
    } else {
        match app.limits.enter(origin) {
            Ok(_inside) => within(DEADLINE, next.run(request)).await,
            Err(full) => return shed(full),
        }
    };
    say(response.headers_mut(), judged);
    response
}

/// The answer to who has to wait.
#[must_use]
pub fn refuse(judged: Judged) -> Response {
    let name = judged.limit.name;
    metrics::counter!("crema_requests_limited_total", "limit" => name).increment(1);
    let wait = seconds_up(judged.verdict.retry_in).max(1);
    let mut response = Error::TooManyRequests(wait).into_response();
    say(response.headers_mut(), judged);
    response
}

fn shed(full: Full) -> Response {
    let name = match full {
        Full::All => "all",
        Full::One => "origin",
    };
    metrics::counter!("crema_requests_shed_total", "bound" => name).increment(1);
    Error::Full(full).into_response()
}

/// Says how much is left, unless something nearer to the caller has said it.
pub fn say(headers: &mut HeaderMap, Judged { limit, verdict }: Judged) {
    if headers.contains_key(RATE_LIMIT) {
        return;
    }
    let (name, quota) = (limit.name, limit.quota);
    let policy = format!("\"{name}\";q={};w={}", quota.burst, quota.seconds);
    let left = format!(
        "\"{name}\";r={};t={}",
        verdict.remaining,
        seconds_up(verdict.full_in)
    );
    // Names and numbers are always header values.
    if let (Ok(policy), Ok(left)) = (HeaderValue::try_from(policy), HeaderValue::try_from(left)) {
        headers.insert(RATE_LIMIT_POLICY, policy);
        headers.insert(RATE_LIMIT, left);
    }
}
