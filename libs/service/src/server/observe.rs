//! One span, one metric and one log line for each request.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

/// Continues the caller's trace, runs the request, and notes how it went.
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
        let response = next.run(request).await;
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
