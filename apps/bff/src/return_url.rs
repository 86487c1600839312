//! Where a browser goes after signing in.
//!
//! Invariant: a page of ours. Resolved against any address of ours, it stays on our origin and under the same path.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longer ones come from no page of ours.
const LONGEST: usize = 512;

/// A local path, perhaps with a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReturnUrl(String);

/// A return address that leads elsewhere, or may in some browser.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a return address must be a path of this site")]
pub struct NotLocal;

impl ReturnUrl {
    /// The front page.
    #[must_use]
    pub fn home() -> Self {
        Self("/".into())
    }

    /// The path with its query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReturnUrl {
    type Err = NotLocal;

    fn from_str(text: &str) -> Result<Self, NotLocal> {
        if text.len() > LONGEST || !text.bytes().all(allowed) {
            return Err(NotLocal);
        }
        let path = text.split('?').next().unwrap_or_default();
        let Some(rest) = path.strip_prefix('/') else {
            return Err(NotLocal);
        };
        // An empty segment would make "//host"; a dot segment would be resolved into another path; an encoded
        // separator may be decoded by whoever comes later; and nothing but pages is a place to return to.
        let mut segments = rest.split('/');
        let proper = |segment: &str| {
            !segment.is_empty() && !segment.starts_with('.') && !segment.contains('%')
        };
        let first = segments.clone().next().unwrap_or_default();
        let page = !matches!(first, "api" | "oauth2" | "assets" | "events");
        if rest.is_empty() || (page && segments.all(proper)) {
            Ok(Self(text.into()))
        } else {
            Err(NotLocal)
        }
    }
}

/// What RFC 3986 allows in a path or query, less the fragment and the quote.
fn allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&()*+,;=:@/?%".contains(&byte)
}

impl TryFrom<String> for ReturnUrl {
    type Error = NotLocal;

    fn try_from(text: String) -> Result<Self, NotLocal> {
        text.parse()
    }
}

impl From<ReturnUrl> for String {
    fn from(url: ReturnUrl) -> Self {
        url.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use url::Url;

    #[test]
    fn pages_of_ours_are_accepted() {
        for good in [
            "/",
            "/?a=b",
            "/orders",
            "/stores/0190a000-0000-7000-8000-000000000001?x=%2F%2F",
            "/board/1",
        ] {
            assert!(good.parse::<ReturnUrl>().is_ok(), "{good}");
        }
    }

    #[test]
    fn everything_that_may_lead_elsewhere_is_refused() {
        let long = format!("/{}", "a".repeat(LONGEST));
        for evil in [
            "",
            "orders",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "\\\\evil.example",
            "https:evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: x=y",
            "/a\nb",
            "/\tevil",
            "/ evil",
            "/%2Fevil.example",
            "/%5Cevil.example",
            "/./a",
            "/../a",
            "/a/..//evil.example",
            "/a//b",
            "/.",
            "/a#b",
            "/é",
            "/api/session",
            "/api/session/start?return=/",
            "/oauth2/authorize",
            &long,
        ] {
            assert_eq!(evil.parse::<ReturnUrl>(), Err(NotLocal), "{evil:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_never_leaves_our_origin(text in "[/\\\\.%:@?#a-z0-9\\r\\n\\t ]{0,24}|\\PC{0,24}") {
            if let Ok(accepted) = text.parse::<ReturnUrl>() {
                let base = Url::parse("https://localhost:8443/api/session/callback").expect("an address");
                let there = base.join(accepted.as_str()).expect("a reference");
                prop_assert_eq!(there.origin(), base.origin());
                let query = there.query().map(|query| format!("?{query}")).unwrap_or_default();
                prop_assert_eq!(format!("{}{}", there.path(), query), accepted.as_str());
            }
        }
    }
}
