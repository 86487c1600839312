//! A request to a service's router as its sidecar sends it, and what comes back.

use axum::Router;
use axum::body::{Body, to_bytes};
use http::request::Builder;
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::APP_TOKEN;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; null if it has none.
    pub body: Value,
}

impl Answer {
    /// Status, and the problem's slug.
    ///
    /// # Panics
    /// If it is no problem.
    #[must_use]
    pub fn problem(&self) -> (u16, String) {
        let kind = self.headers.get(header::CONTENT_TYPE);
        let is_problem = kind.is_some_and(|kind| kind == "application/problem+json");
        assert!(is_problem, "{self:?}");
        let kind = self.body["type"].as_str().expect("a type");
        let slug = kind
            .strip_prefix("urn:problem-type:crema:")
            .expect("a type of ours");
        (self.status.as_u16(), slug.to_owned())
    }

    /// The fields that a problem names.
    ///
    /// # Panics
    /// If an error has no pointer.
    #[must_use]
    pub fn pointers(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        let pointers = errors.map(|error| error["pointer"].as_str().expect("a pointer"));
        pointers.collect()
    }
}

/// A request with a token, as our sidecar passes it on.
#[must_use]
pub fn request(method: Method, path: &str, token: &str) -> Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("dapr-api-token", APP_TOKEN)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
}

/// An event as our sidecar delivers it.
///
/// # Panics
/// If `path` is none.
#[must_use]
pub fn delivery(path: &str, event: &Value) -> Request<Body> {
    let request = Request::post(path)
        .header("dapr-api-token", APP_TOKEN)
        .header(header::CONTENT_TYPE, "application/cloudevents+json");
    request.body(event.to_string().into()).expect("a request")
}

/// Events of `topic` as our sidecar delivers them in bulk, each by its place.
///
/// # Panics
/// If `path` is none.
#[must_use]
pub fn bulk(path: &str, topic: &str, events: &[Value]) -> Request<Body> {
    let entries = events.iter().enumerate().map(|(place, event)| {
        let id = place.to_string();
        json!({ "entryId": id, "event": event, "contentType": "application/cloudevents+json", "metadata": {} })
    });
    let entries: Vec<_> = entries.collect();
    let body =
        json!({ "topic": topic, "pubsubname": "pubsub", "entries": entries, "metadata": {} });
    let request = Request::post(path)
        .header("dapr-api-token", APP_TOKEN)
        .header(header::CONTENT_TYPE, "application/json");
    request.body(body.to_string().into()).expect("a request")
}

/// What becomes of each of them, by the body of the answer.
///
/// # Panics
/// If one is missing, or another is there.
#[must_use]
pub fn statuses(answer: &Value) -> Vec<String> {
    let statuses = answer["statuses"].as_array().expect("statuses");
    let one = |(place, one): (usize, &Value)| {
        assert_eq!(one["entryId"], place.to_string());
        one["status"].as_str().expect("a status").to_owned()
    };
    statuses.iter().enumerate().map(one).collect()
}

/// The answer to a request.
///
/// # Panics
/// If its body is no JSON.
pub async fn send(router: &Router, request: Request<Body>) -> Answer {
    let answer = router.clone().oneshot(request).await;
    let (parts, body) = answer.expect("an answer").into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let body = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&body).expect("a JSON body")
    };
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}
