//! The parameters of a query or a form, as OAuth reads them.
//!
//! Invariant: no parameter is ever chosen among repeated ones (RFC 6749 §3.1); one without a value counts as absent.

use axum::http::{HeaderMap, header};

/// Parameters in their order.
#[derive(Debug, Clone)]
pub struct Params(Vec<(String, String)>);

/// Why a form was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadParams {
    /// The named parameter appears more than once.
    #[error("a parameter is repeated")]
    Repeated,
    /// The body is of another content type.
    #[error("the body is not application/x-www-form-urlencoded")]
    NoForm,
}

impl Params {
    /// Reads a query.
    #[must_use]
    pub fn query(query: &str) -> Self {
        Self(
            url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// Reads a form's body, whose content type must say so.
    pub fn form(headers: &HeaderMap, body: &[u8]) -> Result<Self, BadParams> {
        let form = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| {
                kind.trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            });
        if !form {
            return Err(BadParams::NoForm);
        }
        Ok(Self(
            url::form_urlencoded::parse(body).into_owned().collect(),
        ))
    }

    /// The value of a parameter, if it is there; more than one is an error.
    pub fn one(&self, name: &str) -> Result<Option<&str>, BadParams> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        let first = values.next();
        if values.next().is_some() {
            return Err(BadParams::Repeated);
        }
        Ok(first
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty()))
    }

    /// Refuses the whole when any parameter is repeated, known or not.
    pub fn each_once(&self) -> Result<(), BadParams> {
        let mut names: Vec<&str> = self.0.iter().map(|(key, _)| key.as_str()).collect();
        names.sort_unstable();
        let repeated = names.windows(2).any(|pair| pair[0] == pair[1]);
        if repeated {
            return Err(BadParams::Repeated);
        }
        Ok(())
    }

    /// The same parameters without some, as a query.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> String {
        let kept = self
            .0
            .iter()
            .filter(|(key, _)| !names.contains(&key.as_str()));
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    #[test]
    fn repeated_parameters_are_refused_even_when_equal() {
        let params = Params::query("a=1&b=&a=1");
        assert_eq!(params.one("a"), Err(BadParams::Repeated));
        assert_eq!(params.one("b"), Ok(None));
        assert_eq!(params.one("c"), Ok(None));
        assert_eq!(params.each_once(), Err(BadParams::Repeated));
        assert_eq!(Params::query("a=1&b=2").each_once(), Ok(()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_it_choose(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut headers = HeaderMap::new();
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, form);
            let params = Params::form(&headers, &body).expect("any bytes are a form");
            // Every name that is there: once, or refused.
            for (name, _) in &params.0 {
                let times = params.0.iter().filter(|(other, _)| other == name).count();
                prop_assert_eq!(params.one(name).is_err(), times > 1);
                prop_assert!(times == 1 || params.each_once().is_err());
            }
        }

        #[test]
        fn what_is_written_is_read(pairs in prop::collection::btree_map("\\PC{1,8}", "\\PC{1,20}", 0..8)) {
            let all = Params(pairs.clone().into_iter().collect());
            let read = Params::query(&all.without(&[]));
            prop_assert_eq!(read.each_once(), Ok(()));
            for (name, value) in &pairs {
                prop_assert_eq!(read.one(name), Ok(Some(value.as_str())));
            }
            prop_assert_eq!(read.0.len(), pairs.len());
        }

        #[test]
        fn a_parameter_sent_twice_is_never_read(
            pairs in prop::collection::btree_map("[a-z]{1,8}", "[ -~]{0,20}", 1..8),
            which in any::<prop::sample::Index>(),
            again in "[ -~]{0,20}",
        ) {
            let name = pairs.keys().nth(which.index(pairs.len())).expect("one of them").clone();
            let mut all: Vec<(String, String)> = pairs.into_iter().collect();
            all.insert(which.index(all.len() + 1), (name.clone(), again));
            let read = Params::query(&Params(all).without(&[]));
            prop_assert_eq!(read.one(&name), Err(BadParams::Repeated));
            prop_assert_eq!(read.each_once(), Err(BadParams::Repeated));
        }
    }

    #[test]
    fn only_a_form_is_a_form() {
        let mut headers = HeaderMap::new();
        assert!(Params::form(&headers, b"a=1").is_err());
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        assert!(Params::form(&headers, b"a=1").is_err());
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("Application/x-www-form-urlencoded; charset=UTF-8"),
        );
        let params = Params::form(&headers, b"a=1+2").expect("a form");
        assert_eq!(params.one("a"), Ok(Some("1 2")));
    }

    #[test]
    fn some_can_be_left_out() {
        let params = Params::query("prompt=login&state=a%26b");
        assert_eq!(params.without(&["prompt"]), "state=a%26b");
    }
}
