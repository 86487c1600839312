//! Strong entity tags (RFC 9110 §8.8.3): conditional reads, versions on edits, and what is named by its hash.

use http::header::{CACHE_CONTROL, ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::problem::Problem;

/// The tag of version `version`: `"7"`.
#[must_use]
pub fn of_version(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// How long what is named by a hash of its bytes may be kept (RFC 8246): it never changes.
pub const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The tag of bytes with this hash, in hexadecimal digits or what else a tag is made of.
#[must_use]
pub fn of_hash(hash: &str) -> HeaderValue {
    HeaderValue::try_from(format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// What is said of bytes with this tag, which is their hash: also of those that the reader has.
#[must_use]
pub fn lasting(tag: HeaderValue) -> [(HeaderName, HeaderValue); 2] {
    [header(tag), (CACHE_CONTROL, FOR_EVER)]
}

/// Whether a reader already holds what `etag` names (`If-None-Match`, weak comparison, `*` included).
#[must_use]
pub fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let Ok(etag) = etag.to_str() else {
        return false;
    };
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// The version an editor has seen, from `If-Match`: missing is 428, anything but one version tag is 412.
pub fn expected_version(headers: &HeaderMap) -> Result<i64, Problem> {
    let Some(value) = headers.get(IF_MATCH) else {
        return Err(unsaid().detail("Send the ETag of what you have read as If-Match."));
    };
    value
        .to_str()
        .ok()
        .and_then(|tag| {
            tag.trim()
                .strip_prefix('"')?
                .strip_suffix('"')?
                .parse()
                .ok()
        })
        .ok_or_else(stale)
}

/// The answer to an edit that does not say of which version it is.
#[must_use]
pub fn unsaid() -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_REQUIRED,
        "precondition-required",
        "An edit must say which version it is of",
    )
}

/// The answer to an edit of a version that is no longer the current one.
#[must_use]
pub fn stale() -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "stale-version",
        "It has changed since you read it",
    )
    .detail("Read it again and repeat the edit on the current version.")
}

/// A reply header pair for `etag`.
#[must_use]
pub fn header(etag: HeaderValue) -> (HeaderName, HeaderValue) {
    (ETAG, etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lists_weak_tags_and_the_star() {
        let etag = HeaderValue::from_static("\"b\"");
        for (sent, known) in [
            ("\"b\"", true),
            ("\"a\", W/\"b\"", true),
            ("*", true),
            ("\"c\"", false),
        ] {
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(sent))]);
            assert_eq!(is_known(&headers, &etag), known, "{sent}");
        }
    }

    #[test]
    fn an_edit_needs_exactly_one_version() {
        let none = expected_version(&HeaderMap::new()).expect_err("missing");
        assert_eq!(none.status(), StatusCode::PRECONDITION_REQUIRED);
        for (sent, version) in [
            ("\"3\"", Some(3)),
            ("3", None),
            ("*", None),
            ("W/\"3\"", None),
        ] {
            let headers = HeaderMap::from_iter([(IF_MATCH, HeaderValue::from_static(sent))]);
            assert_eq!(expected_version(&headers).ok(), version, "{sent}");
        }
    }
}
