//! The query of a request, kept out of what sidecars write down.
//!
//! A sidecar tells the traces the URI of whatever it passes on, query and all (daprd 1.18, `url.full`). Where people's
//! links and codes are in queries, they travel in a header instead, of which nothing is told.

use http::{HeaderMap, HeaderName, HeaderValue, Uri};

/// The header that the query travels in.
pub const QUERY: HeaderName = HeaderName::from_static("x-crema-query");

/// Puts the query of `uri`, if it has one, among the headers of a request that is made without it.
pub fn set_apart(uri: &Uri, headers: &mut HeaderMap) {
    // What a URI may have in its query, a header may have in its value.
    if let Some(query) = uri.query()
        && let Ok(query) = HeaderValue::try_from(query)
    {
        headers.insert(QUERY, query);
    }
}

/// The URI of a request whose query travelled among its headers; `None` if none did, or none that can be one.
#[must_use]
pub fn put_back(uri: &Uri, headers: &HeaderMap) -> Option<Uri> {
    let query = std::str::from_utf8(headers.get(QUERY)?.as_bytes()).ok()?;
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(format!("{}?{query}", uri.path()).parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_a_query_is_it_comes_back_as_it_was(query in "\\PC{0,40}") {
            let Ok(uri) = format!("/sign-in/with/campus/callback?{query}").parse::<Uri>() else {
                return Ok(());
            };
            let mut headers = HeaderMap::new();
            set_apart(&uri, &mut headers);
            let bare = Uri::from_static("/sign-in/with/campus/callback");
            prop_assert_eq!(put_back(&bare, &headers), Some(uri));
        }
    }

    #[test]
    fn without_one_nothing_is_put_back() {
        let mut headers = HeaderMap::new();
        set_apart(&Uri::from_static("/sign-in"), &mut headers);
        assert!(headers.is_empty());
        assert_eq!(put_back(&Uri::from_static("/sign-in?a=b"), &headers), None);
    }
}
