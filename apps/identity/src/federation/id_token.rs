//! Verifying a provider's ID token (OpenID Connect Core §3.1.3.7).
//!
//! Invariant: signed by a key of the provider, from it, for us alone, fresh, and answering our nonce.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Header, Validation, decode, decode_header};
use serde::Deserialize;

use super::FederationError;
use super::keys::Key;
use super::provider::Provider;
use super::request::{FRESH, LIFETIME};

/// How far the provider's clock and ours may differ.
const SKEW: TimeDelta = TimeDelta::seconds(30);
/// OpenID Connect Core §2: no subject is longer.
const LONGEST_SUBJECT: usize = 255;

/// What is said of a person, and by whom.
#[derive(Debug, Deserialize)]
pub struct Claims {
    /// Who.
    pub sub: String,
    /// Her address.
    pub email: Option<String>,
    /// The provider knows that it is hers.
    pub email_verified: Option<bool>,
    /// What she is called.
    pub name: Option<String>,
    /// When she signed in over there.
    pub auth_time: Option<i64>,
    iss: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// What the token must answer.
pub struct Expected<'a> {
    /// Who issued it.
    pub provider: &'a Provider,
    /// The nonce of our request.
    pub nonce: &'a str,
    /// She must have signed in over there just now.
    pub fresh: bool,
    /// The time here.
    pub now: DateTime<Utc>,
}

/// Reads what picks the key; nothing is believed yet.
pub fn header(token: &str) -> Result<Header, FederationError> {
    // An algorithm that is none, or that nobody knows, can't be read.
    let header = decode_header(token).map_err(|_| FederationError::Refused("header"))?;
    let plain = header
        .typ
        .as_deref()
        .is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"));
    plain
        .then_some(header)
        .ok_or(FederationError::Refused("type"))
}

/// What the token says, if it is good.
pub fn verify(token: &str, key: &Key, expected: &Expected) -> Result<Claims, FederationError> {
    let mut validation = Validation::new(key.algorithm);
    // All of these are judged below: by our clock, and more strictly.
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_aud) = (false, false);
    let claims = decode::<Claims>(token, &key.verifying, &validation)
        .map_err(|_| FederationError::Refused("signature"))?
        .claims;
    let is = |good: bool, claim| good.then_some(()).ok_or(FederationError::Refused(claim));
    let (now, client) = (expected.now, &expected.provider.client_id);
    is(claims.iss == expected.provider.issuer, "iss")?;
    let (ours, others) = match &claims.aud {
        Audience::One(one) => (one == client, false),
        Audience::Many(many) => (many.contains(client), many.len() > 1),
    };
    is(ours, "aud")?;
    is(
        claims.azp.as_ref().map_or(!others, |azp| azp == client),
        "azp",
    )?;
    is((now - SKEW).timestamp() < claims.exp, "exp")?;
    let asked_after = (now - LIFETIME - SKEW).timestamp();
    is(
        (asked_after..=(now + SKEW).timestamp()).contains(&claims.iat),
        "iat",
    )?;
    is(claims.nonce.as_deref() == Some(expected.nonce), "nonce")?;
    let subject = &claims.sub;
    is(
        (1..=LONGEST_SUBJECT).contains(&subject.len()) && subject.is_ascii(),
        "sub",
    )?;
    if expected.fresh {
        let since = (now - FRESH - SKEW).timestamp();
        let latest = (now + SKEW).timestamp();
        let fresh = claims
            .auth_time
            .is_some_and(|at| (since..=latest).contains(&at));
        is(fresh, "auth_time")?;
    }
    Ok(claims)
}
