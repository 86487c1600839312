//! Receipts and credit notes, one file per operation, as JSON or as text that can be printed.
//!
//! Invariant: both forms say the same; which one is answered, `Accept` decides.

pub mod of_order;
pub mod of_return;

use axum::Json;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use service::problem::Problem;

use crate::error::Error;
use crate::receipt::{Receipt, text};

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// Nothing was paid, or given back, yet.
    #[error("there is no receipt yet")]
    NotYet,
    /// Not found, or the database failed.
    #[error(transparent)]
    Any(#[from] Error),
}

impl From<sqlx::Error> for ReceiptError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<ReceiptError> for Problem {
    fn from(error: ReceiptError) -> Self {
        match error {
            ReceiptError::NotYet => Self::new(
                StatusCode::CONFLICT,
                "no-receipt",
                "There is no receipt yet",
            )
            .detail("An order has one once it is paid, a return once it is done."),
            ReceiptError::Any(error) => error.into(),
        }
    }
}

/// The document in the form that the caller prefers.
fn answer(headers: &HeaderMap, it: &Receipt) -> Response {
    let mut response = if prefers_text(headers) {
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        ([(CONTENT_TYPE, kind)], text::of(it)).into_response()
    } else {
        Json(it).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("accept"));
    response
}

/// Whether the caller would rather have text (RFC 9110, section 12.5.1). What can't be read is passed over.
fn prefers_text(headers: &HeaderMap) -> bool {
    let ranges = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let (mut text, mut json) = (0, 0);
    for range in ranges {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(1_000, thousandths);
        match kind.as_str() {
            "text/plain" | "text/*" => text = text.max(quality),
            "application/json" | "application/*" | "*/*" => json = json.max(quality),
            _ => {}
        }
    }
    text > json
}

/// A quality of at most three decimals, in thousandths.
fn thousandths(quality: &str) -> u32 {
    let (whole, part) = quality.split_once('.').unwrap_or((quality, ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    let parsed = whole.parse::<u32>().ok().zip(part.parse::<u32>().ok());
    parsed.map_or(0, |(whole, part)| {
        whole.saturating_mul(1_000).saturating_add(part).min(1_000)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_answered_unless_text_is_preferred() {
        for (accept, text) in [
            (None, false),
            (Some("*/*"), false),
            (Some("application/json"), false),
            (Some("text/plain"), true),
            (Some("text/html, text/plain;q=0.9, */*;q=0.1"), true),
            (Some("application/json, text/plain;q=0.5"), false),
            (Some("text/plain; q=0.5, application/json;q=0.25"), true),
            (Some("text/plain;q=0"), false),
            (Some("text/plain;q=often"), false),
        ] {
            let values = accept.map(|accept| (ACCEPT, HeaderValue::from_static(accept)));
            let headers = HeaderMap::from_iter(values);
            assert_eq!(prefers_text(&headers), text, "{accept:?}");
        }
    }
}
