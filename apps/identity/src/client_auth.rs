//! Who is asking: HTTP Basic with the client's id and secret, the only method there is.
//!
//! Invariant: secrets are known here by their SHA-256 alone and compared in constant time; an unknown client takes
//! the same comparison as a known one.

use aws_lc_rs::digest;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dapr_kit::{Secret, Secrets};
use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;

use crate::client::Client;
use crate::error::OAuthError;
use crate::params::Params;

/// Checks clients against the secret `clients`. Cheap to clone.
#[derive(Clone)]
pub struct ClientAuth(Secrets);

impl ClientAuth {
    /// Follows the secret that holds, per client, the hash of its secret (`bff`) and, while that is being changed, of
    /// the one before (`bff.previous`).
    #[must_use]
    pub fn new(clients: Secrets) -> Self {
        Self(clients)
    }

    /// The client that sent this request.
    pub fn authenticate(
        &self,
        headers: &HeaderMap,
        params: &Params,
    ) -> Result<&'static Client, OAuthError> {
        if params.one("client_secret")?.is_some() || params.one("client_assertion")?.is_some() {
            return Err(OAuthError::InvalidRequest(
                "clients authenticate with HTTP Basic alone",
            ));
        }
        let (id, secret) = basic(headers).ok_or(OAuthError::InvalidClient)?;
        if params.one("client_id")?.is_some_and(|named| named != id) {
            return Err(OAuthError::InvalidRequest(
                "client_id is not the client that authenticated",
            ));
        }
        let presented = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, secret.as_bytes()));
        let secrets = self.0.current();
        let current = matches(&secrets, &id, &presented);
        let previous = matches(&secrets, &format!("{id}.previous"), &presented);
        match Client::find(&id) {
            Some(client) if current | previous => Ok(client),
            _ => Err(OAuthError::InvalidClient),
        }
    }
}

fn matches(secrets: &Secret, field: &str, presented: &str) -> bool {
    // The hash of nothing that anybody knows: it has the right length and is no base64url.
    const NONE: &str = "*******************************************";
    let known = secrets
        .get(field)
        .map_or(NONE, |hash| hash.expose_secret().trim_end_matches('='));
    known.as_bytes().ct_eq(presented.as_bytes()).into()
}

/// Id and secret, both form-encoded inside Basic (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let credentials = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = credentials.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

fn form_decoded(text: &str) -> Option<String> {
    // No encoded text holds this sign: what does was never encoded.
    if text.contains('&') {
        return Some(text.to_owned());
    }
    let pair = format!("v={text}");
    let (_, value) = url::form_urlencoded::parse(pair.as_bytes()).next()?;
    Some(value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use std::collections::HashMap;

    fn auth() -> ClientAuth {
        let hash = |secret: &str| {
            URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, secret.as_bytes()))
        };
        let fields = HashMap::from([
            ("bff".to_owned(), hash("new")),
            ("bff.previous".to_owned(), hash("old")),
            ("order".to_owned(), hash("a b&=%")),
            ("ghost".to_owned(), hash("ghost")),
        ]);
        ClientAuth::new(Secrets::fixed(Secret::new("clients", fields)))
    }

    fn verdict(credentials: &str, form: &str) -> Result<&'static str, OAuthError> {
        let mut headers = HeaderMap::new();
        let value = format!("Basic {}", STANDARD.encode(credentials));
        let value = HeaderValue::from_str(&value).expect("a header");
        headers.insert(header::AUTHORIZATION, value);
        auth()
            .authenticate(&headers, &Params::query(form))
            .map(|client| client.id)
    }

    #[test]
    fn current_and_previous_secret() {
        for secret in ["new", "old"] {
            let client = verdict(&format!("bff:{secret}"), "").expect("authenticated");
            assert_eq!(client, "bff");
        }
        assert_eq!(verdict("order:a+b%26%3D%25", "").expect("encoded"), "order");
    }

    #[test]
    fn everybody_else_is_refused_alike() {
        let wrong = [
            "bff:wrong",
            "bff:",
            "bff",
            "nobody:new",
            "order:new",
            "ghost:ghost",
            "bff.previous:old",
            "bff:*******************************************",
        ];
        for credentials in wrong {
            let refused = verdict(credentials, "");
            assert!(
                matches!(refused, Err(OAuthError::InvalidClient)),
                "{credentials}"
            );
        }
        let anonymous = auth().authenticate(&HeaderMap::new(), &Params::query("client_id=bff"));
        assert!(matches!(anonymous, Err(OAuthError::InvalidClient)));
    }

    #[test]
    fn no_second_identity_in_the_body() {
        assert!(verdict("bff:new", "client_id=bff").is_ok());
        for form in [
            "client_id=order",
            "client_secret=new",
            "client_id=bff&client_id=bff",
        ] {
            let refused = verdict("bff:new", form);
            assert!(
                matches!(refused, Err(OAuthError::InvalidRequest(_))),
                "{form}"
            );
        }
    }
}
