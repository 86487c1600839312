//! One span, one metric and one log line for each request.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use tracing::Instrument as _;

use crate::problem::Problem;

/// Our own mistake; the panic itself is in the log.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked")]
struct Panicked;

/// Continues the caller's trace, runs the request, and notes how it went. A panic is answered 500: a connection that
/// breaks off instead would have a sidecar repeat the request.
pub async fn request(request: Request, next: Next) -> Response {
    let method = request.method().to_string();
    // The route, not the path: a path has ids in it, and each would be a metric of its own.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        http.response.status_code = tracing::field::Empty,
    );
    if let Some(parent) = request
        .headers()
        .get("traceparent")
        .and_then(|value| value.to_str().ok())
    {
        dapr_kit::trace::continue_from(&span, parent);
    }
    let start = Instant::now();
    async move {
        let response = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let response = response.unwrap_or_else(|_| Problem::internal(&Panicked).into_response());
        let status = response.status().as_u16();
        tracing::Span::current().record("http.response.status_code", status);
        let elapsed = start.elapsed();
        metrics::histogram!(
            "http_server_request_duration_seconds",
            "http_request_method" => method.clone(),
            "http_route" => route.clone(),
            "http_response_status_code" => status.to_string(),
        )
        .record(elapsed);
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            {
                http.request.method = method,
                http.route = route,
                http.response.status_code = status,
                duration_ms = millis,
            },
            "request"
        );
        response
    }
    .instrument(span)
    .await
}
