//! Who is calling: every service verifies the bearer token of every request itself (RFC 9068).
//!
//! Algorithm, type, issuer, audience and expiry are pinned; a token that names its own key is refused.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use dapr_kit::Dapr;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::clock::Clock;
use crate::jwks::Keys;
use crate::problem::Problem;
use crate::revoked::Revoked;

/// Clocks may differ by this many seconds.
const LEEWAY: i64 = 5;
/// A longer token is none of ours.
const LONGEST: usize = 4096;

/// The caller of a request whose token was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The person, or the service itself.
    pub subject: String,
    /// The client that the token was issued to.
    pub client_id: String,
    /// The service that acts for the person (`act.sub`, RFC 8693).
    pub actor: Option<String>,
    /// What the caller may do here.
    pub scopes: Vec<String>,
    /// The person's roles.
    pub roles: Vec<String>,
    /// The stores that the person works at.
    pub stores: Vec<Uuid>,
    /// The person's session at the identity service.
    pub session: Option<Uuid>,
}

impl Principal {
    /// The person's id; nothing for a client that acts for itself, which has no session and whose id may be a UUID too.
    #[must_use]
    pub fn user_id(&self) -> Option<Uuid> {
        self.session?;
        Uuid::try_parse(&self.subject).ok()
    }

    /// Whether the caller was granted `scope`.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }

    /// Whether the person works at `store`.
    #[must_use]
    pub fn works_at(&self, store: Uuid) -> bool {
        self.stores.contains(&store)
    }
}

/// The verified caller, in handlers of routes that need one.
impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(unauthenticated)
    }
}

/// Verifies the tokens that are meant for one service. Cheap to clone.
#[derive(Clone)]
pub struct Verifier {
    keys: Keys,
    validation: Arc<Validation>,
    revoked: Revoked,
    clock: Clock,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    client_id: String,
    exp: i64,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    stores: Vec<Uuid>,
    sid: Option<Uuid>,
    act: Option<Actor>,
}

#[derive(Deserialize)]
struct Actor {
    sub: String,
}

impl Verifier {
    /// Accepts tokens of `issuer` for `audience`, signed by keys that the application `identity` publishes at `path`.
    #[must_use]
    pub fn remote(
        dapr: Dapr,
        identity: &str,
        path: &str,
        issuer: &str,
        audience: &str,
        clock: Clock,
    ) -> Self {
        Self::new(Keys::remote(dapr, identity, path), issuer, audience, clock)
    }

    /// Accepts tokens signed by these keys, until they are [replaced](Self::replace_keys).
    #[must_use]
    pub fn local(keys: &JwkSet, issuer: &str, audience: &str, clock: Clock) -> Self {
        Self::new(Keys::local(keys), issuer, audience, clock)
    }

    /// Accepts tokens signed by the keys that `find` gives by their id: those of the issuer itself, as they are now.
    #[must_use]
    pub fn own(
        find: impl Fn(&str) -> Option<DecodingKey> + Send + Sync + 'static,
        issuer: &str,
        audience: &str,
        clock: Clock,
    ) -> Self {
        Self::new(Keys::own(find), issuer, audience, clock)
    }

    fn new(keys: Keys, issuer: &str, audience: &str, clock: Clock) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer.trim_end_matches('/')]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Checked below against our own clock, which a test can turn.
        validation.validate_exp = false;
        Self {
            keys,
            validation: Arc::new(validation),
            revoked: Revoked::default(),
            clock,
        }
    }

    /// Puts other keys in place of the known ones.
    pub fn replace_keys(&self, keys: &JwkSet) {
        self.keys.replace(keys);
    }

    /// Refuses from now on every token that came from this session; clones refuse them too.
    pub fn revoke(&self, session: Uuid) {
        self.revoked.add(session, self.clock.now());
    }

    /// The caller that the `Authorization` header proves.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        let mut sent = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (sent.next(), sent.next()) else {
            return Err(unauthenticated());
        };
        let token = value.to_str().ok().and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme
                .eq_ignore_ascii_case("bearer")
                .then_some(token.trim())
        });
        match token {
            Some(token) if token.len() <= LONGEST => self.verify(token).await,
            _ => Err(unauthenticated()),
        }
    }

    /// The caller that `token` stands for.
    pub async fn verify(&self, token: &str) -> Result<Principal, Problem> {
        let header = decode_header(token).map_err(|_| invalid_token())?;
        let names_its_own_key = header.jku.is_some()
            || header.x5u.is_some()
            || header.jwk.is_some()
            || header.x5c.is_some();
        let typed = header
            .typ
            .as_deref()
            .is_some_and(|typ| typ.eq_ignore_ascii_case("at+jwt"));
        if header.alg != Algorithm::EdDSA || !typed || names_its_own_key {
            return Err(invalid_token());
        }
        let kid = header.kid.ok_or_else(invalid_token)?;
        let key = match self.keys.get(&kid).await {
            Ok(Some(key)) => key,
            Ok(None) => return Err(invalid_token()),
            Err(error) => return Err(Problem::unavailable(&error, 1)),
        };
        let claims = decode::<Claims>(token, &key, &self.validation)
            .map_err(|_| invalid_token())?
            .claims;
        if self.clock.now().timestamp() >= claims.exp.saturating_add(LEEWAY) {
            return Err(invalid_token());
        }
        if claims.sid.is_some_and(|sid| self.revoked.contains(sid)) {
            return Err(invalid_token());
        }
        Ok(Principal {
            subject: claims.sub,
            client_id: claims.client_id,
            actor: claims.act.map(|actor| actor.sub),
            scopes: claims
                .scope
                .split_ascii_whitespace()
                .map(str::to_owned)
                .collect(),
            roles: claims.roles,
            stores: claims.stores,
            session: claims.sid,
        })
    }
}

/// Whether a request brings `key` as its bearer token: for keys that are no tokens of ours. How long it takes tells nothing.
#[must_use]
pub fn brings_key(headers: &HeaderMap, key: &str) -> bool {
    let expected = format!("Bearer {key}");
    headers
        .get(AUTHORIZATION)
        .is_some_and(|sent| bool::from(sent.as_bytes().ct_eq(expected.as_bytes())))
}

/// The answer to a request without a token.
#[must_use]
pub fn unauthenticated() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Sign in first").challenge("Bearer")
}

/// The answer to a token that is not good here; which check failed is not told.
#[must_use]
pub fn invalid_token() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "invalid-token",
        "The access token is not valid here",
    )
    .challenge("Bearer error=\"invalid_token\"")
}

/// The answer to a caller who lacks a scope.
#[must_use]
pub fn forbidden() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", "You may not do this")
        .challenge("Bearer error=\"insufficient_scope\"")
}
