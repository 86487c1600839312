//! Access tokens as identity would issue them, signed by a key made for one test.
//!
//! Invariant: what it signs by default is valid in every respect but scope; a test takes away or adds one thing.

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::{Value, json};
use service::auth::Verifier;
use service::clock::Clock;
use service::ids::Ids;
use service::routes::Guard;
use uuid::Uuid;

/// What a sidecar sends its app in `dapr-api-token` under tests.
pub const APP_TOKEN: &str = "testkit-app-token";

/// The public address every test's tokens come from.
const ADDRESS: &str = "https://localhost:8443";

/// An authorization server with one key.
pub struct Issuer {
    key: EncodingKey,
    public: String,
    kid: String,
    clock: Clock,
    ids: Ids,
}

/// The claims of an access token; a test changes what it is about.
#[derive(Debug, Clone, Serialize)]
pub struct Claims {
    /// The issuer's address.
    pub iss: String,
    /// The one audience: an app id.
    pub aud: String,
    /// The person's id, or the client's for a service acting for itself.
    pub sub: String,
    /// The client the token was issued to.
    pub client_id: String,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Valid until, in seconds; five minutes after `iat`.
    pub exp: i64,
    /// The token's own id.
    pub jti: String,
    /// Scopes, separated by spaces; none at first.
    pub scope: String,
    /// The person's session at identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<Uuid>,
    /// The person's roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The stores the person works at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stores: Vec<Uuid>,
    /// The service that acts for the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
}

/// The `act` claim of RFC 8693.
#[derive(Debug, Clone, Serialize)]
pub struct Actor {
    /// The acting service's app id.
    pub sub: String,
}

impl Claims {
    /// Makes them a person's, the BFF acting for her.
    pub fn person(&mut self, user: Uuid, role: &str) {
        self.sub = user.to_string();
        self.sid = Some(user);
        self.roles = vec![role.to_owned()];
        self.act = Some(Actor {
            sub: self.client_id.clone(),
        });
    }
}

impl Issuer {
    /// An issuer with a fresh Ed25519 key, on the machine's time.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Clock::system())
    }

    /// An issuer that lives by a test's clock, as do the verifiers it gives.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn with_clock(clock: Clock) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).expect("a new key");
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("the key just made");
        let public = URL_SAFE_NO_PAD.encode(pair.public_key());
        // RFC 7638: the required members alone, in alphabetical order, without white space.
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{public}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()));
        Self {
            key: EncodingKey::from_ed_der(document.as_ref()),
            public,
            kid,
            ids: Ids::new(clock.clone()),
            clock,
        }
    }

    /// The address in `iss`.
    #[must_use]
    pub fn address(&self) -> &'static str {
        ADDRESS
    }

    /// A token for one audience, of the BFF acting for itself, once `change` has had its say.
    #[must_use]
    pub fn token(&self, audience: &str, change: impl FnOnce(&mut Claims)) -> String {
        let now = self.clock.now().timestamp();
        let mut claims = Claims {
            iss: ADDRESS.to_owned(),
            aud: audience.to_owned(),
            sub: "bff".to_owned(),
            client_id: "bff".to_owned(),
            iat: now,
            exp: now + 300,
            jti: self.ids.next().to_string(),
            scope: String::new(),
            sid: None,
            roles: Vec::new(),
            stores: Vec::new(),
            act: None,
        };
        change(&mut claims);
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        self.sign(header, &claims)
    }

    /// Signs any claims under any header with this issuer's key, for tokens that are wrong in form.
    ///
    /// # Panics
    /// When the claims are not JSON.
    #[must_use]
    pub fn sign(&self, mut header: Header, claims: &impl Serialize) -> String {
        header.kid.get_or_insert_with(|| self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.key).expect("claims that serialize")
    }

    /// The public key set, as identity publishes it.
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({"keys": [{
            "kty": "OKP",
            "crv": "Ed25519",
            "use": "sig",
            "alg": "EdDSA",
            "kid": self.kid,
            "x": self.public,
        }]})
    }

    /// A verifier of this issuer's tokens for one audience.
    ///
    /// # Panics
    /// Never: the key set is well formed.
    #[must_use]
    pub fn verifier(&self, audience: &str) -> Verifier {
        let keys: JwkSet = serde_json::from_value(self.jwks()).expect("a key set");
        Verifier::local(&keys, ADDRESS, audience, self.clock.clone())
    }

    /// What guards a service under test: this issuer's tokens, and [`APP_TOKEN`] from its sidecar.
    #[must_use]
    pub fn guard(&self, audience: &str) -> Guard {
        Guard::new(self.verifier(audience), APP_TOKEN.into())
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[tokio::test]
    async fn a_token_says_what_the_test_said_and_ends_with_its_clock() {
        let clock = Clock::manual(Clock::system().now());
        let issuer = Issuer::with_clock(clock.clone());
        let user = Uuid::from_u128(7);
        let token = issuer.token("order", |claims| {
            claims.person(user, "customer");
            claims.scope = "order:read order:place".to_owned();
        });
        let verifier = issuer.verifier("order");
        let principal = verifier.verify(&token).await.expect("a valid token");
        assert_eq!(principal.user_id(), Some(user));
        assert_eq!(principal.actor.as_deref(), Some("bff"));
        assert!(principal.has_scope("order:place") && !principal.has_scope("order:fulfil"));

        let elsewhere = issuer.verifier("catalog").verify(&token).await;
        assert!(elsewhere.is_err(), "it is for one audience");
        clock.advance(TimeDelta::seconds(306));
        assert!(verifier.verify(&token).await.is_err(), "it has expired");
    }
}
