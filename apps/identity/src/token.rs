//! The tokens this server signs, and reading back its own.
//!
//! Invariant: one algorithm, one audience and one type per token, the algorithm being its key's; an ID token is never an
//! access token, nor the other way round.

use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::issuer::Issuer;
use crate::keys::{Key, Keys};
use crate::role::Role;
use crate::zone::Zone;

/// How long an access token is valid at most.
pub const LIFETIME: Duration = Duration::minutes(5);

/// The type of an access token (RFC 9068 §2.1).
const ACCESS_TOKEN: &str = "at+jwt";
/// The type of an ID token.
const ID_TOKEN: &str = "JWT";

/// The claims of an access token (RFC 9068).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The issuer.
    pub iss: String,
    /// The app it is for.
    pub aud: String,
    /// The person, or the client itself.
    pub sub: String,
    /// The client it was issued to.
    pub client_id: String,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Valid until, in seconds.
    pub exp: i64,
    /// Its own id.
    pub jti: Uuid,
    /// What it allows.
    pub scope: String,
    /// The person's part, absent when a client acts for itself.
    #[serde(flatten)]
    pub person: Option<PersonClaims>,
}

/// What an access token says about the person it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonClaims {
    /// The session she signed in to.
    pub sid: Uuid,
    /// Her roles; none is named to clients of other companies.
    pub roles: Vec<Role>,
    /// The stores she works at, likewise.
    pub stores: Vec<Uuid>,
    /// The grant it was issued from, by which this server knows whether it still stands.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub grant: Option<Uuid>,
    /// The client that acts for her.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub act: Option<Actor>,
}

/// The `act` claim of RFC 8693.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The acting client.
    pub sub: String,
}

/// The claims of an ID token.
#[derive(Debug, Serialize)]
pub struct IdClaims {
    /// The issuer.
    pub iss: String,
    /// The client it is for.
    pub aud: String,
    /// The person.
    pub sub: String,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Valid until, in seconds.
    pub exp: i64,
    /// When she signed in, in seconds.
    pub auth_time: i64,
    /// What the client sent along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The session.
    pub sid: Uuid,
    /// Her name, if the client may know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The time zone that she has chosen, if the client may know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<Zone>,
    /// Her e-mail address, if the client may know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether she has proved that the address is hers, if the client may know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// Her roles, if the client is one of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<Role>>,
    /// The stores she works at, if the client is one of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stores: Option<Vec<Uuid>>,
}

/// What an ID token of ours that comes back says: who is to be signed out, and at which client.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Hint {
    /// The client it was issued to.
    pub aud: String,
    /// The person.
    pub sub: Uuid,
    /// The session.
    pub sid: Uuid,
}

/// A token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("a token could not be signed")]
pub enum SignError {
    /// Its claims are no JSON.
    Claims(#[from] serde_json::Error),
    /// The key did not sign.
    Key(#[from] Unspecified),
}

/// A token that this server does not accept; why is nobody's business.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid here")]
pub struct Refused;

/// Signs and reads tokens. Cheap to clone.
#[derive(Clone)]
pub struct Mint {
    issuer: Issuer,
    keys: Keys,
}

impl Mint {
    /// A mint that signs as `issuer` with the current one of `keys`.
    #[must_use]
    pub fn new(issuer: Issuer, keys: Keys) -> Self {
        Self { issuer, keys }
    }

    /// Whose tokens these are.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Signs an access token.
    pub fn access(&self, claims: &AccessClaims) -> Result<String, SignError> {
        sign(ACCESS_TOKEN, self.keys.current().for_access(), claims)
    }

    /// Signs an ID token.
    pub fn id(&self, claims: &IdClaims) -> Result<String, SignError> {
        sign(ID_TOKEN, self.keys.current().for_id(), claims)
    }

    /// Reads an access token of ours, whoever it is for, that has not expired.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, Refused> {
        let claims: AccessClaims = self.open(ACCESS_TOKEN, Algorithm::EdDSA, token)?;
        (now.timestamp() < claims.exp)
            .then_some(claims)
            .ok_or(Refused)
    }

    /// Reads an access token of ours whose audience is the very client it was issued to.
    pub fn read(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, Refused> {
        let claims = self.verify(token, now)?;
        (claims.aud == claims.client_id)
            .then_some(claims)
            .ok_or(Refused)
    }

    /// Reads an ID token of ours, expired or not (OpenID Connect RP-Initiated Logout §2).
    pub fn hint(&self, token: &str) -> Result<Hint, Refused> {
        self.open(ID_TOKEN, Algorithm::RS256, token)
    }

    fn open<T: DeserializeOwned>(
        &self,
        kind: &str,
        algorithm: Algorithm,
        token: &str,
    ) -> Result<T, Refused> {
        let sent = jsonwebtoken::decode_header(token).map_err(|_| Refused)?;
        let keys = self.keys.current();
        let key = sent
            .kid
            .as_deref()
            .and_then(|kid| keys.find(kid))
            .filter(|key| key.algorithm() == algorithm)
            .ok_or(Refused)?;
        // A header that says anything else or anything more was not written here: another type, algorithm or key.
        if sent != header(kind, key) {
            return Err(Refused);
        }
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[self.issuer.as_str()]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The callers compare both: time with our own clock, the audience with the client.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let opened = jsonwebtoken::decode(token, key.verifying(), &validation);
        Ok(opened.map_err(|_| Refused)?.claims)
    }
}

fn header(kind: &str, key: &Key) -> Header {
    let mut header = Header::new(key.algorithm());
    header.typ = Some(kind.to_owned());
    header.kid = Some(key.id().to_owned());
    header
}

/// The compact form of RFC 7515 §7.1.
fn sign(kind: &str, key: &Key, claims: &impl Serialize) -> Result<String, SignError> {
    let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header(kind, key))?);
    let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims)?);
    let message = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes())?);
    Ok(format!("{message}.{signature}"))
}

#[cfg(test)]
mod tests;
