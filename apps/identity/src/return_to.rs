//! Where a sign-in page may send a person afterwards.
//!
//! Invariant: a local path to our own authorization endpoint, or one of the account's pages, so that no link to our
//! pages leads elsewhere.

use crate::paths;

/// A path that begins `/oauth2/authorize?`, or exactly a page of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

/// A return address that is not ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the return address does not lead to this site's authorization endpoint or account")]
pub struct Elsewhere;

const PREFIX: &str = "/oauth2/authorize?";
const LONGEST: usize = 4096;
/// The account's pages that ask for a sign-in.
const PAGES: [&str; 7] = [
    paths::ACCOUNT,
    paths::ACCOUNT_PROFILE,
    paths::ACCOUNT_EMAIL,
    paths::ACCOUNT_PASSWORD,
    paths::ACCOUNT_SECURITY,
    paths::ACCOUNT_DELETE,
    paths::ACCOUNT_LINKS,
];

impl ReturnTo {
    /// Reads a `return` parameter.
    pub fn parse(text: &str) -> Result<Self, Elsewhere> {
        // Of what a URL may hold, browsers read a backslash as a slash.
        let safe = |c: u8| c.is_ascii_graphic() && c != b'\\';
        let ours = text.starts_with(PREFIX) && text.len() <= LONGEST && text.bytes().all(safe);
        (ours || PAGES.contains(&text))
            .then(|| Self(text.to_owned()))
            .ok_or(Elsewhere)
    }

    /// The way back to the authorization endpoint with this query.
    pub fn authorize(query: &str) -> Result<Self, Elsewhere> {
        Self::parse(&format!("{PREFIX}{query}"))
    }

    /// Whether it leads to a page of the account, which wants somebody who has just proved that it is she.
    #[must_use]
    pub fn is_account(&self) -> bool {
        PAGES.contains(&self.0.as_str())
    }

    /// The path with its query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The query of the authorization request, if it leads to one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.0.strip_prefix(PREFIX)
    }

    /// This page's address, carrying the return path in its query.
    #[must_use]
    pub fn via(&self, page: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("return", &self.0)
            .finish();
        format!("{page}?{query}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_our_authorization_endpoint() {
        assert!(ReturnTo::parse("/oauth2/authorize?client_id=bff&state=%0A").is_ok());
        assert!(ReturnTo::parse("/account/password").is_ok());
        for elsewhere in [
            "",
            "/",
            "/oauth2/authorize",
            "//evil.example/oauth2/authorize?",
            "/\\evil.example",
            "https:evil.example",
            "https://evil.example/oauth2/authorize?",
            "javascript:alert(1)",
            "/oauth2/authorize?a=b\r\nSet-Cookie: x",
            "/oauth2/authorize?a=\\",
            "/oauth2/authorize?a=\u{e9}",
            " /oauth2/authorize?a",
            "/account/",
            "/account?x",
            "/account/export",
            "//account",
            "/oauth2/authorize/../../x?",
        ] {
            assert_eq!(ReturnTo::parse(elsewhere), Err(Elsewhere), "{elsewhere}");
        }
        assert_eq!(
            ReturnTo::authorize(&"a".repeat(LONGEST)),
            Err(Elsewhere),
            "too long"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// As a browser reads it, not as we do.
        #[test]
        fn what_is_accepted_leads_to_our_authorization_endpoint(
            text in "\\PC{0,40}|[/\\\\.@:?#%a-z \r\n\t]{0,12}/oauth2/authorize\\?[ -~\u{e9}\r\n\\\\]{0,20}|/oauth2/authorize\\?[ -~\\PC]{0,60}",
        ) {
            let here = url::Url::parse("https://localhost:8443/sign-in").expect("an address");
            if let Ok(there) = ReturnTo::parse(&text) {
                prop_assert_eq!(there.as_str(), &text);
                let led = here.join(there.as_str()).expect("an address");
                prop_assert_eq!(led.origin(), here.origin());
                prop_assert_eq!(led.path(), "/oauth2/authorize");
                prop_assert!(axum::http::HeaderValue::try_from(there.as_str()).is_ok());
            }
        }

        #[test]
        fn every_query_of_ours_comes_back_as_it_went(pairs in prop::collection::vec(("[a-z_]{1,12}", "\\PC{0,20}"), 0..6)) {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(&pairs)
                .finish();
            let there = ReturnTo::authorize(&query).expect("ours");
            let page = there.via("/sign-in");
            let (_, sent) = page.split_once('?').expect("a query");
            let back = crate::params::Params::query(sent);
            let back = back.one("return").expect("once").expect("a value");
            prop_assert_eq!(ReturnTo::parse(back), Ok(there));
        }
    }

    #[test]
    fn it_travels_as_one_parameter() {
        let there = ReturnTo::authorize("a=b&c=d").expect("ours");
        assert_eq!(
            there.via("/sign-in"),
            "/sign-in?return=%2Foauth2%2Fauthorize%3Fa%3Db%26c%3Dd"
        );
    }
}
