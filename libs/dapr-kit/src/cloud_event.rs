//! An event as the sidecar delivers it: CloudEvents 1.0 in structured JSON mode.
//!
//! Each consumer chooses `T`, its own struct with only the fields it reads.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// One delivered event. As a handler's argument it is read from the request's body.
#[derive(Clone, Debug, Deserialize)]
pub struct CloudEvent<T> {
    /// Unique within `source`; the key of an inbox.
    pub id: String,
    /// Who published it, such as `/order`.
    pub source: String,
    /// Name and version, such as `order.confirmed.v1`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The aggregate it is about.
    pub subject: String,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// The aggregate's version after it, so that a stale one is told from a new one.
    #[serde(deserialize_with = "number_or_text")]
    pub sequence: i64,
    /// The trace it belongs to (W3C `traceparent`); Dapr overwrites the standard attribute.
    #[serde(default, rename = "crematraceparent")]
    pub trace_parent: Option<String>,
    /// What happened.
    pub data: T,
}

/// An event that can't be read: answered 404, which Dapr takes to the dead-letter topic without another try.
#[derive(Debug)]
pub struct CloudEventRejection;

impl IntoResponse for CloudEventRejection {
    fn into_response(self) -> Response {
        StatusCode::NOT_FOUND.into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for CloudEvent<T> {
    type Rejection = CloudEventRejection;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Self::Rejection> {
        // Dapr labels the body `application/cloudevents+json`, which the JSON extractor would take as well;
        // a bare `application/json` of another broker must not be refused for its label.
        request.headers_mut().insert(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        );
        match Json::<Self>::from_request(request, state).await {
            Ok(Json(event)) => Ok(event),
            Err(rejection) => {
                tracing::error!(error = %rejection, "an event can't be read");
                Err(CloudEventRejection)
            }
        }
    }
}

/// CloudEvents has no 64-bit integer, so `sequence` travels as text; a small JSON number is read as well.
fn number_or_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Sequence {
        Number(i64),
        Text(String),
    }
    match Sequence::deserialize(deserializer)? {
        Sequence::Number(number) => Ok(number),
        Sequence::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}
