//! The browser's cookies: reading ours out of a request, and the `Set-Cookie` values we answer with.
//!
//! Invariant: every cookie of ours has the `__Host-` prefix, so no other host and no path can plant one.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// Carries the session's id. Strict: no foreign page can make a browser send it.
pub const SESSION: &str = "__Host-crema";
/// Carries the id of a basket that was filled before anybody signed in. Strict as well.
pub const BASKET: &str = "__Host-crema-basket";
/// Carries one sign-in on its way. Lax: identity's redirect back may come from a foreign page one day.
pub const LOGIN: &str = "__Host-crema-login";
/// Identity's own cookies, which pass through here and are never read here: of its session, and of a sign-in by another
/// provider that is under way.
pub const IDENTITY: [&str; 2] = ["__Host-crema-id", "__Host-crema-id-with"];

/// How the browser may send a cookie along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Only from our own pages.
    Strict,
    /// Also when a foreign page leads here.
    Lax,
}

/// The value of the cookie `name`. A name that is sent twice is nobody's: `None`.
#[must_use]
pub fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut found = None;
    for (key, value) in pairs(headers) {
        if key == name && found.replace(value).is_some() {
            return None;
        }
    }
    found
}

/// A `Cookie` header with those of these cookies alone that the request has, if it has any.
#[must_use]
pub fn only(headers: &HeaderMap, names: &[&str]) -> Option<HeaderValue> {
    let pair = |name: &&str| Some(format!("{name}={}", read(headers, name)?));
    let pairs: Vec<_> = names.iter().filter_map(pair).collect();
    if pairs.is_empty() {
        return None;
    }
    HeaderValue::from_str(&pairs.join("; ")).ok()
}

/// A value that would not stay one cookie's value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value is not of cookie characters")]
pub struct NotAValue;

/// A `Set-Cookie` value that lasts for `max_age` seconds.
pub fn set(
    name: &str,
    value: &str,
    same_site: SameSite,
    max_age: i64,
) -> Result<HeaderValue, NotAValue> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\');
    if !value.bytes().all(plain) {
        return Err(NotAValue);
    }
    let same_site = match same_site {
        SameSite::Strict => "Strict",
        SameSite::Lax => "Lax",
    };
    let text = format!(
        "{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age={max_age}"
    );
    HeaderValue::try_from(text).map_err(|_| NotAValue)
}

/// The `Set-Cookie` value that makes the browser drop the session's cookie.
#[must_use]
pub fn clear_session() -> HeaderValue {
    HeaderValue::from_static("__Host-crema=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// The `Set-Cookie` value that makes the browser drop the basket's cookie.
#[must_use]
pub fn clear_basket() -> HeaderValue {
    HeaderValue::from_static(
        "__Host-crema-basket=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0",
    )
}

/// The `Set-Cookie` value that makes the browser drop the sign-in's cookie.
#[must_use]
pub fn clear_login() -> HeaderValue {
    HeaderValue::from_static(
        "__Host-crema-login=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
    )
}

/// Whether a `Set-Cookie` value of identity is about a cookie of identity's own.
#[must_use]
pub fn is_identitys(set_cookie: &HeaderValue) -> bool {
    let name = set_cookie.as_bytes().split(|byte| *byte == b'=').next();
    let name = name.map(<[u8]>::trim_ascii);
    IDENTITY.iter().any(|own| name == Some(own.as_bytes()))
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(values: &[&'static str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (COOKIE, HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn finds_exact_names_only() {
        let headers = request(&["a=1; __Host-crema=abc;b=2", "__Host-crema-id=x=y"]);
        assert_eq!(read(&headers, SESSION), Some("abc"));
        assert_eq!(read(&headers, IDENTITY[0]), Some("x=y"));
        assert_eq!(read(&headers, LOGIN), None);
        assert_eq!(
            only(&headers, &IDENTITY),
            Some(HeaderValue::from_static("__Host-crema-id=x=y"))
        );
        let both = request(&["__Host-crema-id-with=w; c=d; __Host-crema-id=i"]);
        assert_eq!(
            only(&both, &IDENTITY),
            Some(HeaderValue::from_static(
                "__Host-crema-id=i; __Host-crema-id-with=w"
            ))
        );
        assert_eq!(only(&request(&["a=b"]), &IDENTITY), None);
    }

    #[test]
    fn a_cookie_sent_twice_is_nobodys() {
        assert_eq!(
            read(&request(&["__Host-crema=a; __Host-crema=b"]), SESSION),
            None
        );
        assert_eq!(
            read(&request(&["__Host-crema=a", "__Host-crema=a"]), SESSION),
            None
        );
    }

    #[test]
    fn values_can_not_add_attributes() {
        assert_eq!(
            set(SESSION, "a; Domain=evil", SameSite::Strict, 1),
            Err(NotAValue)
        );
        assert_eq!(
            set(SESSION, "a\r\nSet-Cookie: b", SameSite::Strict, 1),
            Err(NotAValue)
        );
        let cookie = set(LOGIN, "abc", SameSite::Lax, 600).expect("plain");
        assert_eq!(
            cookie,
            "__Host-crema-login=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_sent_a_cookie_is_read_whole_or_not_at_all(
            lines in proptest::collection::vec("((__Host-crema|__Host-crema-id|a|)(=|;|; | |)[ -~]{0,12};?){0,4}", 0..4),
        ) {
            let mut headers = HeaderMap::new();
            for line in &lines {
                headers.append(COOKIE, HeaderValue::try_from(line).expect("visible"));
            }
            let sent = |name: &str| {
                let pairs = lines.iter().flat_map(|line| line.split(';'));
                let values = pairs.filter_map(|pair| pair.trim().split_once('='));
                values.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).collect::<Vec<_>>()
            };
            let values = sent(SESSION);
            let expected = if let [value] = &values[..] { Some(value.as_str()) } else { None };
            prop_assert_eq!(read(&headers, SESSION), expected);
            // What goes on to identity holds its own cookies alone, each as it came.
            if let Some(passed) = only(&headers, &IDENTITY) {
                let passed = passed.to_str().expect("visible").to_owned();
                for pair in passed.split("; ") {
                    let (name, value) = pair.split_once('=').expect("a pair");
                    prop_assert!(IDENTITY.contains(&name), "{}", passed);
                    prop_assert!(!value.contains(';'), "{}", passed);
                }
            }
        }

        #[test]
        fn a_value_never_leaves_its_place(value in "\\PC{0,40}|[ -~\\r\\n\\t]{0,40}") {
            if let Ok(cookie) = set(SESSION, &value, SameSite::Strict, 60) {
                let text = cookie.to_str().expect("visible");
                let (pair, attributes) = text.split_once("; ").expect("attributes");
                prop_assert_eq!(pair, format!("{SESSION}={value}"));
                prop_assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=60");
            }
        }
    }

    #[test]
    fn identity_sets_its_own_cookie_only() {
        assert!(is_identitys(&HeaderValue::from_static(
            "__Host-crema-id=1; Path=/"
        )));
        assert!(is_identitys(&HeaderValue::from_static(
            "__Host-crema-id-with=1; Path=/"
        )));
        assert!(!is_identitys(&HeaderValue::from_static(
            "__Host-crema=1; Path=/"
        )));
        assert!(!is_identitys(&HeaderValue::from_static(
            "__Host-crema-idx=1"
        )));
    }
}
