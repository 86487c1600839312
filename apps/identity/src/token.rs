//! The tokens this server signs, and reading back its own.
//!
//! Invariant: one algorithm (`EdDSA`), one audience and one type per token; an ID token is never an access token.

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::issuer::Issuer;
use crate::keys::Keys;
use crate::role::Role;

/// How long an access token is valid at most.
pub const LIFETIME: Duration = Duration::minutes(5);

const ACCESS_TOKEN: &str = "at+jwt";

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
    /// Her roles.
    pub roles: Vec<Role>,
    /// The stores she works at.
    pub stores: Vec<Uuid>,
    /// The grant it was issued from; only in tokens that come back to this server.
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
    /// Her e-mail address, if the client may know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Her roles.
    pub roles: Vec<Role>,
    /// The stores she works at.
    pub stores: Vec<Uuid>,
}

/// A token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("a token could not be signed")]
pub struct SignError(#[from] jsonwebtoken::errors::Error);

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
        self.sign(ACCESS_TOKEN, claims)
    }

    /// Signs an ID token.
    pub fn id(&self, claims: &IdClaims) -> Result<String, SignError> {
        self.sign("JWT", claims)
    }

    fn sign(&self, kind: &str, claims: &impl Serialize) -> Result<String, SignError> {
        let keys = self.keys.current();
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(kind.to_owned());
        header.kid = Some(keys.current().id().to_owned());
        Ok(jsonwebtoken::encode(
            &header,
            claims,
            keys.current().signing(),
        )?)
    }

    /// Reads an access token of ours whose audience is the very client it was issued to.
    pub fn read(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, Refused> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refused)?;
        let typed = header
            .typ
            .as_deref()
            .is_some_and(|kind| kind.eq_ignore_ascii_case(ACCESS_TOKEN));
        let keys = self.keys.current();
        let key = header.kid.as_deref().and_then(|kid| keys.find(kid));
        let (true, Some(key)) = (typed, key) else {
            return Err(Refused);
        };
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[self.issuer.as_str()]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // Both are compared below: time by our own clock, the audience with the client.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims: AccessClaims = jsonwebtoken::decode(token, key.verifying(), &validation)
            .map_err(|_| Refused)?
            .claims;
        let valid = now.timestamp() < claims.exp && claims.aud == claims.client_id;
        valid.then_some(claims).ok_or(Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::Ed25519KeyPair;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use dapr_kit::{Secret, Secrets};

    fn mint() -> Mint {
        let key = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).expect("a key");
        let fields = [("current".to_owned(), STANDARD.encode(key.as_ref()))];
        let secret = Secrets::fixed(Secret::new("signing", fields.into()));
        let issuer = Issuer::new(&"https://localhost:8443".parse().expect("an address"));
        Mint::new(issuer, Keys::new(secret).expect("keys"))
    }

    fn claims(mint: &Mint) -> AccessClaims {
        AccessClaims {
            iss: mint.issuer().as_str().to_owned(),
            aud: "bff".to_owned(),
            sub: "bff".to_owned(),
            client_id: "bff".to_owned(),
            iat: 0,
            exp: 300,
            jti: Uuid::nil(),
            scope: String::new(),
            person: None,
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("an instant")
    }

    #[test]
    fn what_it_signs_it_reads_until_it_expires() {
        let mint = mint();
        let claims = claims(&mint);
        let token = mint.access(&claims).expect("signed");
        assert_eq!(mint.read(&token, at(299)), Ok(claims));
        assert_eq!(mint.read(&token, at(300)), Err(Refused));
    }

    #[test]
    fn the_same_claims_under_another_type_key_issuer_or_audience_are_refused() {
        let mint = mint();
        let good = claims(&mint);
        let as_id_token = mint.sign("JWT", &good).expect("signed");
        let by_another = self::mint().access(&good).expect("signed");
        let mut other = good.clone();
        other.iss = "https://localhost:8444".to_owned();
        let of_another = mint.access(&other).expect("signed");
        let mut other = good.clone();
        other.aud = "order".to_owned();
        let for_another = mint.access(&other).expect("signed");
        for token in [as_id_token, by_another, of_another, for_another] {
            assert_eq!(mint.read(&token, at(0)), Err(Refused), "{token}");
        }
    }

    #[test]
    fn the_algorithm_is_not_the_tokens_choice() {
        let mint = mint();
        let token = mint.access(&claims(&mint)).expect("signed");
        let claims_part = token.split('.').nth(1).expect("claims");
        let keys = mint.keys().current();
        let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        for algorithm in ["none", "HS256", "RS256", "ES256"] {
            let header = format!(
                r#"{{"alg":"{algorithm}","typ":"at+jwt","kid":"{}"}}"#,
                keys.current().id()
            );
            let forged = format!("{}.{claims_part}.", encode(header));
            assert_eq!(mint.read(&forged, at(0)), Err(Refused), "{algorithm}");
        }
    }
}
