//! A JSON answer rendered once: its bytes and the strong entity tag of exactly these bytes.
//!
//! Invariant: equal tags mean equal bytes, also across restarts and releases. A row's version alone would not do: a
//! release that writes the same row differently would be answered 304 by what an older one had sent.

use aws_lc_rs::digest;
use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service::etag;

/// The bytes and their tag. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rendered {
    body: Bytes,
    tag: HeaderValue,
}

impl Rendered {
    /// Writes a value as JSON.
    pub fn new(value: &impl Serialize) -> serde_json::Result<Self> {
        let body = serde_json::to_vec(value)?;
        let hash = digest::digest(&digest::SHA256, &body);
        let tag = format!("\"{}\"", hex(&hash.as_ref()[..16]));
        Ok(Self {
            body: body.into(),
            // Quotes and hexadecimal digits are always a header value.
            tag: HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\"")),
        })
    }

    /// 200 with the bytes, or 304 to somebody who has them.
    #[must_use]
    pub fn respond(&self, request: &HeaderMap) -> Response {
        let headers = [
            (ETAG, self.tag.clone()),
            // Kept by whoever likes, used only after asking.
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        if etag::is_known(request, &self.tag) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let kind = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        (headers, kind, self.body.clone()).into_response()
    }
}

/// Two small digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}
