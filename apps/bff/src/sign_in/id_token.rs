//! Verifying the ID token of a sign-in (OpenID Connect Core §3.1.3.7).
//!
//! Invariant: signed with RS256 by a key that identity publishes for RS256, for us, fresh, and answering our nonce; an
//! access token never passes for one.

use std::sync::{Arc, PoisonError, RwLock};

use axum::http::{Method, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use dapr_kit::{Dapr, InvokeError};
use jsonwebtoken::jwk::{JwkSet, KeyAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use service::clock::Clock;
use uuid::Uuid;

use crate::session::Person;

/// How far identity's clock and ours may differ.
const SKEW: TimeDelta = TimeDelta::seconds(30);
/// An unknown key makes us look again at most this often.
const REFETCH: TimeDelta = TimeDelta::seconds(10);

/// An ID token that proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum IdTokenError {
    /// Its form, signature or one of its standard claims is wrong.
    #[error("the ID token is not valid")]
    Invalid(#[from] jsonwebtoken::errors::Error),
    /// It says something else than it must.
    #[error("the ID token's {0} is not what it must be")]
    Claim(&'static str),
    /// The keys can't be read.
    #[error("identity's keys can't be read")]
    Keys(#[from] InvokeError),
    /// Identity did not give its keys.
    #[error("identity answered {0} when asked for its keys")]
    NoKeys(StatusCode),
}

#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    azp: Option<String>,
    name: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    stores: Vec<Uuid>,
    sid: Option<Uuid>,
}

#[derive(Default)]
struct Known {
    keys: Option<JwkSet>,
    asked_at: DateTime<Utc>,
}

/// Verifies ID tokens of one issuer for one client. Cheap to clone.
#[derive(Clone)]
pub struct IdTokens {
    dapr: Dapr,
    clock: Clock,
    issuer: Arc<str>,
    known: Arc<RwLock<Known>>,
}

impl IdTokens {
    /// Tokens of this issuer, whose keys the application `identity` publishes.
    #[must_use]
    pub fn new(dapr: Dapr, clock: Clock, issuer: &str) -> Self {
        Self {
            dapr,
            clock,
            issuer: issuer.into(),
            known: Arc::default(),
        }
    }

    /// Who signed in, if `token` was issued to `client_id` in answer to `nonce`.
    pub async fn verify(
        &self,
        token: &str,
        client_id: &str,
        nonce: &str,
    ) -> Result<Person, IdTokenError> {
        let header = decode_header(token)?;
        // RFC 9068 types access tokens `at+jwt`; whatever is typed at all must be a plain JWT.
        if header
            .typ
            .is_some_and(|kind| !kind.eq_ignore_ascii_case("JWT"))
        {
            return Err(IdTokenError::Claim("type"));
        }
        let key = self
            .key(&header.kid.ok_or(IdTokenError::Claim("kid"))?)
            .await?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[client_id]);
        validation.set_issuer(&[&*self.issuer]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // Compared below, by our own clock.
        validation.validate_exp = false;
        let claims = decode::<Claims>(token, &key, &validation)?.claims;
        let now = self.clock.now();
        let is = |good: bool, claim: &'static str| {
            if good {
                Ok(())
            } else {
                Err(IdTokenError::Claim(claim))
            }
        };
        is((now - SKEW).timestamp() < claims.exp, "exp")?;
        is(claims.iat <= (now + SKEW).timestamp(), "iat")?;
        is(claims.nonce.as_deref() == Some(nonce), "nonce")?;
        is(claims.azp.is_none_or(|azp| azp == client_id), "azp")?;
        Ok(Person {
            id: claims.sub,
            name: claims.name.unwrap_or_default(),
            roles: claims.roles,
            stores: claims.stores,
            sign_in: claims.sid,
        })
    }

    async fn key(&self, kid: &str) -> Result<DecodingKey, IdTokenError> {
        if let Some(key) = self.known_key(kid)? {
            return Ok(key);
        }
        if self.may_ask() {
            let reply = self
                .dapr
                .invoke("identity", Method::GET, "/oauth2/jwks")
                .send()
                .await?;
            if reply.status != StatusCode::OK {
                return Err(IdTokenError::NoKeys(reply.status));
            }
            let keys: JwkSet = reply.json()?;
            self.known
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .keys = Some(keys);
        }
        self.known_key(kid)?.ok_or(IdTokenError::Claim("kid"))
    }

    fn known_key(&self, kid: &str) -> Result<Option<DecodingKey>, IdTokenError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let key = known
            .keys
            .as_ref()
            .and_then(|keys| keys.find(kid))
            .filter(|key| key.common.key_algorithm == Some(KeyAlgorithm::RS256));
        Ok(key.map(DecodingKey::from_jwk).transpose()?)
    }

    /// Whether the keys may be asked for: always while there are none, otherwise now and then.
    fn may_ask(&self) -> bool {
        let now = self.clock.now();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let may = known.keys.is_none() || now >= known.asked_at + REFETCH;
        if may {
            known.asked_at = now;
        }
        may
    }
}
