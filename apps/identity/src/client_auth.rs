//! Who is asking: a client by its id and secret, in HTTP Basic or in the form (RFC 6749 §2.3.1), or a public client by its
//! id alone.
//!
//! Invariant: secrets are known here by their SHA-256 alone and compared in constant time; an unknown client takes
//! the same comparison as a known one. Nobody says twice who it is.

use aws_lc_rs::digest;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dapr_kit::{Secret, Secrets};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;
use subtle::ConstantTimeEq as _;

use crate::client::Client;
use crate::error::OAuthError;
use crate::opaque;
use crate::params::Params;

/// How a client may say who it is (RFC 8414 §2).
pub const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];
/// The same where a public client has no business.
pub const METHODS_WITH_SECRET: [&str; 2] = ["client_secret_basic", "client_secret_post"];

/// Checks clients: ours against the secret `clients`, those of other companies against their registration. Cheap to
/// clone.
#[derive(Clone)]
pub struct ClientAuth(Secrets);

/// Who a request says that it is from.
struct Presented {
    id: String,
    secret: Option<SecretString>,
}

impl ClientAuth {
    /// Follows the secret that holds, per client of ours, the hash of its secret (`bff`) and, while that is being changed,
    /// of the one before (`bff.previous`).
    #[must_use]
    pub fn new(clients: Secrets) -> Self {
        Self(clients)
    }

    /// The client that sent this request. A public one has proved nothing.
    pub async fn authenticate(
        &self,
        db: &PgPool,
        headers: &HeaderMap,
        params: &Params,
    ) -> Result<Client, OAuthError> {
        let presented = Presented::read(headers, params)?;
        let client = Client::find(db, &presented.id).await?;
        self.judge(client, &presented)
    }

    fn judge(&self, client: Option<Client>, presented: &Presented) -> Result<Client, OAuthError> {
        let Some(secret) = &presented.secret else {
            return client
                .filter(Client::is_public)
                .ok_or(OAuthError::InvalidClient);
        };
        let (secret, secrets) = (secret.expose_secret(), self.0.current());
        let hash = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, secret.as_bytes()));
        let current = matches(&secrets, &presented.id, &hash);
        let previous = matches(&secrets, &format!("{}.previous", presented.id), &hash);
        let good = match &client {
            None => false,
            Some(Client::Own(_)) => current | previous,
            Some(Client::Foreign(foreign)) => foreign.proves(&opaque::hash(secret)),
        };
        client.filter(|_| good).ok_or(OAuthError::InvalidClient)
    }
}

impl Presented {
    fn read(headers: &HeaderMap, params: &Params) -> Result<Self, OAuthError> {
        if params.one("client_assertion")?.is_some() {
            return Err(OAuthError::InvalidRequest(
                "clients authenticate with their secret alone",
            ));
        }
        let (named, posted) = (params.one("client_id")?, params.one("client_secret")?);
        if !headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self {
                id: named.ok_or(OAuthError::InvalidClient)?.to_owned(),
                secret: posted.map(SecretString::from),
            });
        }
        let (id, secret) = basic(headers).ok_or(OAuthError::InvalidClient)?;
        if posted.is_some() {
            return Err(OAuthError::InvalidRequest(
                "a client authenticates in one way, not in two",
            ));
        }
        if named.is_some_and(|named| named != id) {
            return Err(OAuthError::InvalidRequest(
                "client_id is not the client that authenticated",
            ));
        }
        // An empty secret is none (RFC 6749 §2.3.1).
        let secret = Some(secret).filter(|secret| !secret.is_empty());
        Ok(Self {
            id,
            secret: secret.map(SecretString::from),
        })
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
    use crate::client::{ClientName, ForeignClient, Kind, OwnClient, Registration};
    use crate::scope::Scopes;
    use axum::http::HeaderValue;
    use chrono::DateTime;
    use std::collections::HashMap;
    use std::sync::Arc;
    use uuid::Uuid;

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

    fn judged(headers: &HeaderMap, form: &str) -> Result<String, OAuthError> {
        let presented = Presented::read(headers, &Params::query(form))?;
        let client = match &*presented.id {
            "app" => Some(foreign(Kind::Public)),
            "beans" => Some(foreign(Kind::Confidential)),
            id => OwnClient::find(id).map(Client::Own),
        };
        let client = auth().judge(client, &presented)?;
        Ok(client.id().to_owned())
    }

    fn foreign(kind: Kind) -> Client {
        let secret = (kind == Kind::Confidential).then(|| opaque::hash("roasted"));
        Client::Foreign(Arc::new(ForeignClient {
            id: Uuid::nil(),
            client_id: kind.as_str().to_owned(),
            registration: Registration {
                name: ClientName::parse("Beans").expect("a name"),
                kind,
                redirect_uris: Vec::new(),
                post_logout_redirect_uris: Vec::new(),
                scopes: Scopes::default(),
                refreshes: false,
                acts: false,
                alone: false,
            },
            created_at: DateTime::UNIX_EPOCH,
            version: 1,
            secret,
            previous_secret: secret.map(|_| opaque::hash("green")),
        }))
    }

    fn verdict(credentials: &str, form: &str) -> Result<String, OAuthError> {
        let mut headers = HeaderMap::new();
        let value = format!("Basic {}", STANDARD.encode(credentials));
        let value = HeaderValue::from_str(&value).expect("a header");
        headers.insert(header::AUTHORIZATION, value);
        judged(&headers, form)
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
        for form in [
            "",
            "client_id=bff",
            "client_id=bff&client_secret=",
            "client_id=bff&client_secret=wrong",
            "client_id=nobody&client_secret=new",
            "client_id=ghost&client_secret=ghost",
        ] {
            let refused = judged(&HeaderMap::new(), form);
            assert!(matches!(refused, Err(OAuthError::InvalidClient)), "{form}");
        }
    }

    #[test]
    fn a_secret_may_be_in_the_form() {
        let form = |form: &str| judged(&HeaderMap::new(), form).ok();
        let bff = form("client_id=bff&client_secret=new");
        assert_eq!(bff.as_deref(), Some("bff"));
        for secret in ["roasted", "green"] {
            let beans = form(&format!("client_id=beans&client_secret={secret}"));
            assert_eq!(beans.as_deref(), Some("confidential"));
            assert!(verdict(&format!("beans:{secret}"), "").is_ok());
        }
    }

    #[test]
    fn a_public_client_says_its_id_and_no_secret() {
        assert_eq!(
            judged(&HeaderMap::new(), "client_id=app").expect("known"),
            "public"
        );
        assert_eq!(verdict("app:", "").expect("an empty secret"), "public");
        for form in [
            "client_id=beans",
            "client_id=app&client_secret=roasted",
            "client_id=beans&client_secret=",
        ] {
            let refused = judged(&HeaderMap::new(), form);
            assert!(matches!(refused, Err(OAuthError::InvalidClient)), "{form}");
        }
        let nothing = STANDARD.encode([0; 32]);
        assert!(verdict(&format!("app:{nothing}"), "").is_err());
    }

    #[test]
    fn no_second_identity_in_the_body() {
        assert!(verdict("bff:new", "client_id=bff").is_ok());
        for form in [
            "client_id=order",
            "client_secret=new",
            "client_assertion=x",
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
