//! The check on every form post that it came from one of our own pages.
//!
//! Invariant: a request that does not say where it comes from is refused; browsers always say.

use axum::http::{HeaderMap, header};

use crate::issuer::Issuer;

/// A form post that did not come from our pages.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the form was not sent from this site")]
pub struct CrossSite;

/// Accepts a post whose `Origin` is ours; where a browser leaves it out, `Sec-Fetch-Site` must say `same-origin`.
pub fn check(headers: &HeaderMap, issuer: &Issuer) -> Result<(), CrossSite> {
    let fetch_site = headers
        .get("sec-fetch-site")
        .map(|site| site == "same-origin");
    let origin = headers
        .get(header::ORIGIN)
        .map(|origin| origin == issuer.origin());
    let ours = match (fetch_site, origin) {
        (None, None) => false,
        (fetch_site, origin) => fetch_site.unwrap_or(true) && origin.unwrap_or(true),
    };
    ours.then_some(()).ok_or(CrossSite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn judge(origin: Option<&'static str>, site: Option<&'static str>) -> bool {
        let issuer = Issuer::new(&"https://localhost:8443".parse().expect("an address"));
        let mut headers = HeaderMap::new();
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        if let Some(site) = site {
            headers.insert("sec-fetch-site", HeaderValue::from_static(site));
        }
        check(&headers, &issuer).is_ok()
    }

    #[test]
    fn only_our_own_pages() {
        let ours = Some("https://localhost:8443");
        assert!(judge(ours, Some("same-origin")));
        assert!(judge(ours, None));
        assert!(judge(None, Some("same-origin")));
        assert!(!judge(None, None));
        assert!(!judge(Some("null"), None));
        assert!(!judge(Some("https://localhost:8444"), None));
        assert!(!judge(Some("http://localhost:8443"), None));
        assert!(!judge(Some("https://evil.example"), Some("same-origin")));
        assert!(!judge(ours, Some("same-site")));
        assert!(!judge(None, Some("none")));
    }
}
