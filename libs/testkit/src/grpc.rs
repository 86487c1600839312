//! A call by gRPC to a service's router, as its sidecar passes it on, written and read by a `.proto` file alone.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::APP_TOKEN;
use crate::proto::Proto;

/// What came back.
#[derive(Debug)]
pub struct Called {
    /// 0, or why not.
    pub status: String,
    /// The metadata that came before the message.
    pub headers: HeaderMap,
    /// The message as JSON; null without one.
    pub message: Value,
}

impl Called {
    /// The status, and the slug of the problem.
    ///
    /// # Panics
    /// If it was not refused.
    #[must_use]
    pub fn refusal(&self) -> (&str, &str) {
        let slug = self.headers["crema-problem"].to_str().expect("a slug");
        (&self.status, slug)
    }
}

/// Calls the method of this name, with a token if there is one.
///
/// # Panics
/// If there is no such method, or the answer is not gRPC's.
pub async fn call(
    router: &Router,
    proto: &Proto,
    name: &str,
    token: Option<&str>,
    request: &Value,
) -> Called {
    let method = proto.methods().iter().find(|one| one.path.ends_with(name));
    let method = method.expect("a method");
    let mut call = Request::post(&method.path)
        .header("dapr-api-token", APP_TOKEN)
        .header(header::TE, "trailers")
        .header(header::CONTENT_TYPE, "application/grpc");
    if let Some(token) = token {
        call = call.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let call = call.body(Body::from(proto.framed(&method.request, request)));
    let answer = router.clone().oneshot(call.expect("a request")).await;
    let (head, body) = answer.expect("an answer").into_parts();
    assert_eq!(head.status, StatusCode::OK);
    let body = body.collect().await.expect("a body");
    let trailers = body.trailers().cloned().unwrap_or_default();
    let status = head.headers.get("grpc-status");
    let status = status.or_else(|| trailers.get("grpc-status"));
    let status = status.expect("a status").to_str().expect("a number");
    let body = body.to_bytes();
    Called {
        status: status.to_owned(),
        message: if body.is_empty() {
            Value::Null
        } else {
            proto.unframed(&method.response, &body)
        },
        headers: head.headers,
    }
}
