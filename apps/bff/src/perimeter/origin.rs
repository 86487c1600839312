//! Where a request under `/api` comes from: our own pages, or somebody else's.
//!
//! Invariant: a page of another origin can neither change nor read anything here, whatever its browser sends along.

use axum::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, ORIGIN, TRANSFER_ENCODING,
};
use axum::http::{HeaderMap, Method};
use service::extract;

/// Browsers set it on every request; scripts can't.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const REQUEST: HeaderName = HeaderName::from_static(bff_api::REQUEST_HEADER);

/// A request that is refused before anything looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `/api` is for our own client, whose cookie it is; another client has no business there.
    #[error("this interface takes no Authorization")]
    Authorization,
    /// Another site's page made the browser send it.
    #[error("the request comes from another site")]
    CrossSite,
    /// It changes something, and lacks the header that no other site's page can set.
    #[error("the request lacks its header")]
    NoHeader,
    /// A form could send it.
    #[error("the body is of a type that a form can send, or of none")]
    Form,
}

/// What no form can send: to send one of these, a script of another site would have to ask first (Fetch, "CORS-safelisted
/// request-header"), and is never allowed to. Which of them a row reads is the row's business.
pub const NO_FORMS: [&str; 4] = [extract::JSON, "image/jpeg", "image/png", "image/webp"];

/// Judges a request under `/api` of the platform at `origin`.
pub fn judge(method: &Method, headers: &HeaderMap, origin: &str) -> Result<(), Refusal> {
    if headers.contains_key(AUTHORIZATION) {
        return Err(Refusal::Authorization);
    }
    let safe = method.is_safe();
    // Typed into the address bar or opened from a bookmark: nobody's page is behind it. Such a request changes nothing.
    let ours = |site: &[u8]| site == b"same-origin" || (safe && site == b"none");
    if !headers
        .get_all(FETCH_SITE)
        .iter()
        .all(|site| ours(site.as_bytes()))
    {
        return Err(Refusal::CrossSite);
    }
    if !headers
        .get_all(ORIGIN)
        .iter()
        .all(|from| from.as_bytes() == origin.as_bytes())
    {
        return Err(Refusal::CrossSite);
    }
    if safe {
        return Ok(());
    }
    if headers
        .get(REQUEST)
        .is_none_or(|value| value != bff_api::REQUEST_HEADER_VALUE)
    {
        return Err(Refusal::NoHeader);
    }
    if has_body(headers) && !NO_FORMS.contains(&&*extract::media_type(headers)) {
        return Err(Refusal::Form);
    }
    Ok(())
}

/// Whether a request has a body, or says what it would be.
#[must_use]
pub fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING)
        || headers
            .get(CONTENT_LENGTH)
            .is_some_and(|length| length != "0")
        || headers.contains_key(CONTENT_TYPE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const HERE: &str = "https://localhost:8443";

    fn judged(method: &Method, pairs: &[(&'static str, &'static str)]) -> Result<(), Refusal> {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        judge(method, &headers, HERE)
    }

    #[test]
    fn our_own_pages_may_read_and_change() {
        let ours = ("sec-fetch-site", "same-origin");
        assert_eq!(judged(&Method::GET, &[ours]), Ok(()));
        assert_eq!(judged(&Method::GET, &[("sec-fetch-site", "none")]), Ok(()));
        let change = [
            ours,
            ("origin", HERE),
            ("x-crema-request", "1"),
            ("content-type", "application/json; charset=utf-8"),
        ];
        assert_eq!(judged(&Method::POST, &change), Ok(()));
        assert_eq!(
            judged(
                &Method::DELETE,
                &[ours, ("origin", HERE), ("x-crema-request", "1")]
            ),
            Ok(())
        );
    }

    #[test]
    fn other_sites_may_not_even_read() {
        for site in ["cross-site", "same-site", "", "SAME-ORIGIN"] {
            assert_eq!(
                judged(&Method::GET, &[("sec-fetch-site", site)]),
                Err(Refusal::CrossSite),
                "{site}"
            );
        }
        for origin in [
            "https://evil.example",
            "null",
            "http://localhost:8443",
            "https://localhost:8443.evil.example",
        ] {
            assert_eq!(
                judged(&Method::GET, &[("origin", origin)]),
                Err(Refusal::CrossSite),
                "{origin}"
            );
        }
        let typed = [("sec-fetch-site", "none"), ("x-crema-request", "1")];
        assert_eq!(judged(&Method::DELETE, &typed), Err(Refusal::CrossSite));
        // Sent twice, the worse one counts.
        let twice = [("origin", HERE), ("origin", "https://evil.example")];
        let mut headers = HeaderMap::new();
        for (_, value) in twice {
            headers.append(ORIGIN, HeaderValue::from_static(value));
        }
        assert_eq!(judge(&Method::GET, &headers, HERE), Err(Refusal::CrossSite));
    }

    #[test]
    fn a_form_can_not_change_anything() {
        let json = ("content-type", "application/json");
        assert_eq!(judged(&Method::POST, &[json]), Err(Refusal::NoHeader));
        assert_eq!(
            judged(&Method::POST, &[json, ("x-crema-request", "0")]),
            Err(Refusal::NoHeader)
        );
        assert_eq!(judged(&Method::DELETE, &[]), Err(Refusal::NoHeader));
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/jsonx",
            "image/svg+xml",
            "image/*",
            "image/jpegx",
        ] {
            let form = [("x-crema-request", "1"), ("content-type", kind)];
            assert_eq!(judged(&Method::POST, &form), Err(Refusal::Form), "{kind}");
        }
        assert_eq!(
            judged(
                &Method::POST,
                &[("x-crema-request", "1"), ("content-length", "2")]
            ),
            Err(Refusal::Form)
        );
    }

    #[test]
    fn a_picture_is_as_safe_as_json() {
        for kind in ["image/jpeg", "IMAGE/PNG", "image/webp; q=1"] {
            let bare = [("content-type", kind)];
            assert_eq!(judged(&Method::PUT, &bare), Err(Refusal::NoHeader));
            let foreign = [
                ("origin", "https://evil.example"),
                ("x-crema-request", "1"),
                bare[0],
            ];
            assert_eq!(judged(&Method::PUT, &foreign), Err(Refusal::CrossSite));
            let ours = [("origin", HERE), ("x-crema-request", "1"), bare[0]];
            assert_eq!(judged(&Method::PUT, &ours), Ok(()), "{kind}");
        }
    }

    #[test]
    fn no_bearer_token_gets_in() {
        assert_eq!(
            judged(&Method::GET, &[("authorization", "Bearer x")]),
            Err(Refusal::Authorization)
        );
    }
}
