//! Unary gRPC, by the same table, guard and problems as everything else.
//!
//! Invariant: a method is a row of the table, `POST /package.Service/Method`, so what admits and refuses requests is in one
//! place; a caller by gRPC is told of a refusal by a status, and reaches nothing but such rows.

mod messages;

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use dapr_kit::deadline;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use messages::{ById, Items, Money, PageRequest};

use crate::problem::{Problem, TYPE_PREFIX};

/// What a call and its answer are made of.
pub const MEDIA_TYPE: &str = "application/grpc";
/// Says how the call went: 0, or why not.
pub const STATUS: HeaderName = HeaderName::from_static("grpc-status");
/// Says the same in words.
pub const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// The last part of the type of the problem that a refused call met.
pub const PROBLEM: HeaderName = HeaderName::from_static("crema-problem");
/// That problem, whole, in JSON; binary metadata travels in Base64.
pub const DETAILS: HeaderName = HeaderName::from_static("crema-problem-bin");
/// How long the caller waits.
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// In front of a message: whether it is compressed, and its length.
const HEAD: usize = 5;
/// More than any problem has.
const MOST_PROBLEM: usize = 64 * 1024;

/// How a call went, by the numbers of gRPC.
mod code {
    pub const OK: u16 = 0;
    pub const UNKNOWN: u16 = 2;
    pub const INVALID_ARGUMENT: u16 = 3;
    pub const DEADLINE_EXCEEDED: u16 = 4;
    pub const NOT_FOUND: u16 = 5;
    pub const PERMISSION_DENIED: u16 = 7;
    pub const RESOURCE_EXHAUSTED: u16 = 8;
    pub const FAILED_PRECONDITION: u16 = 9;
    pub const UNIMPLEMENTED: u16 = 12;
    pub const INTERNAL: u16 = 13;
    pub const UNAVAILABLE: u16 = 14;
    pub const UNAUTHENTICATED: u16 = 16;
}

/// The message of a call.
#[derive(Clone, Copy, Debug)]
pub struct Message<T>(pub T);

impl<T: prost::Message + Default, S: Send + Sync> FromRequest<S> for Message<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_grpc(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not-grpc",
                "This is called by gRPC alone",
            ));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| malformed())?;
        let message = unframed(&bytes).ok_or_else(malformed)?;
        T::decode(message).map(Self).map_err(|_| malformed())
    }
}

fn malformed() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed-message",
        "The message can't be read",
    )
}

/// The one message of a body; nothing if it is compressed, which nobody was told that we can read, or not alone.
fn unframed(body: &[u8]) -> Option<&[u8]> {
    let (head, message) = body.split_first_chunk::<HEAD>()?;
    let [compressed, length @ ..] = head;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    (*compressed == 0 && length == message.len()).then_some(message)
}

/// The answer to a call that went well.
#[derive(Clone, Copy, Debug)]
pub struct Reply<T>(pub T);

/// A message of more than four gigabytes.
#[derive(Debug, thiserror::Error)]
#[error("a message is too long for its frame")]
struct TooLong;

impl<T: DeserializeOwned> Reply<T> {
    /// The message whose fields have the values that `value` has by those names in JSON.
    pub fn of(value: &impl Serialize) -> Result<Self, Problem> {
        serde_json::to_value(value)
            .and_then(serde_json::from_value)
            .map(Self)
            .map_err(|error| Problem::internal(&error))
    }
}

impl<T: prost::Message> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let Ok(length) = u32::try_from(self.0.encoded_len()) else {
            return Problem::internal(&TooLong).into_response();
        };
        let mut frame = vec![0];
        frame.extend(length.to_be_bytes());
        frame.extend(self.0.encode_to_vec());
        let mut trailers = HeaderMap::new();
        trailers.insert(STATUS, code::OK.into());
        let body = Full::new(Bytes::from(frame));
        let body = body.with_trailers(std::future::ready(Some(Ok(trailers))));
        let kind = [(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))];
        (kind, Body::new(body)).into_response()
    }
}

/// Has calls by gRPC answered in its words, within the time that their callers wait, and keeps them to its rows.
pub(crate) async fn speak(mut request: Request, next: Next) -> Response {
    if !is_grpc(request.headers()) {
        return next.run(request).await;
    }
    if !is_method(request.uri().path()) {
        return status(
            code::UNIMPLEMENTED,
            "There is no such method",
            HeaderMap::new(),
        );
    }
    let waits = timeout(request.headers());
    if let Some(span) = waits {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        request
            .headers_mut()
            .insert(deadline::TIMEOUT, millis.into());
    }
    let answer = next.run(request);
    let answer = match waits {
        None => answer.await,
        // What is served by gRPC only reads, so nothing is left half done.
        Some(span) => {
            let answer = tokio::time::timeout(span, answer).await;
            answer.unwrap_or_else(|_| too_late())
        }
    };
    if is_grpc(answer.headers()) {
        answer
    } else {
        refused(answer).await
    }
}

fn too_late() -> Response {
    let words = "Nobody waits for this answer any more";
    status(code::DEADLINE_EXCEEDED, words, HeaderMap::new())
}

/// The fields of a problem that a status tells.
#[derive(Default, Deserialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    title: String,
}

/// A refusal as a status, with the problem in its metadata.
async fn refused(answer: Response) -> Response {
    let (head, body) = answer.into_parts();
    let body = to_bytes(body, MOST_PROBLEM).await.unwrap_or_default();
    let told: Told = serde_json::from_slice(&body).unwrap_or_default();
    let slug = told.kind.strip_prefix(TYPE_PREFIX).unwrap_or_default();
    let mut metadata = HeaderMap::new();
    if let Ok(slug) = HeaderValue::from_str(slug) {
        metadata.insert(PROBLEM, slug);
    }
    if let Ok(details) = HeaderValue::from_str(&STANDARD_NO_PAD.encode(&body)) {
        metadata.insert(DETAILS, details);
    }
    if let Some(seconds) = head.headers.get(RETRY_AFTER) {
        metadata.insert(RETRY_AFTER, seconds.clone());
    }
    status(code_of(head.status, slug), &told.title, metadata)
}

fn code_of(status: StatusCode, slug: &str) -> u16 {
    match status.as_u16() {
        // The table has no such row.
        404 if slug == "not-found" => code::UNIMPLEMENTED,
        405 => code::UNIMPLEMENTED,
        404 => code::NOT_FOUND,
        400 | 415 | 422 => code::INVALID_ARGUMENT,
        401 => code::UNAUTHENTICATED,
        403 => code::PERMISSION_DENIED,
        408 => code::DEADLINE_EXCEEDED,
        409 | 412 | 428 => code::FAILED_PRECONDITION,
        413 | 429 => code::RESOURCE_EXHAUSTED,
        503 => code::UNAVAILABLE,
        500..=599 => code::INTERNAL,
        _ => code::UNKNOWN,
    }
}

/// An answer that is nothing but its status.
fn status(code: u16, words: &str, mut headers: HeaderMap) -> Response {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(STATUS, code.into());
    if let Ok(words) = HeaderValue::from_str(&escaped(words)) {
        headers.insert(MESSAGE, words);
    }
    (headers, Body::empty()).into_response()
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Words as `grpc-message` has them: printable ASCII, the rest by its bytes.
fn escaped(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    for byte in words.bytes() {
        if (b' '..=b'~').contains(&byte) && byte != b'%' {
            escaped.push(char::from(byte));
        } else {
            let digits = [byte >> 4, byte & 15].map(|digit| HEX[usize::from(digit)]);
            escaped.push('%');
            escaped.extend(digits.map(char::from));
        }
    }
    escaped
}

/// Whether this is of gRPC, whatever its messages are written in.
fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(MEDIA_TYPE.as_bytes()))
}

/// Whether a path is that of a method: its service is in a package.
fn is_method(path: &str) -> bool {
    path.split('/')
        .nth(1)
        .is_some_and(|part| part.contains('.'))
}

/// How long the caller waits; one that can't be read says nothing.
fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let many: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(many * 3600),
        "M" => Duration::from_secs(many * 60),
        "S" => Duration::from_secs(many),
        "m" => Duration::from_millis(many),
        "u" => Duration::from_micros(many),
        "n" => Duration::from_nanos(many),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
