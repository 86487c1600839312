//! Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header): the key, its scope, and the fingerprint by which a
//! repeated command is known again.
//!
//! Invariant: a key means one command of one caller at one route, for a day. Which answer it stands for, each service
//! stores in the command's own transaction.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::problem::Problem;

/// The request header.
const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest key we store.
const LONGEST: usize = 255;
/// For how long a key answers again.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// The oldest answer that still counts at `now`.
#[must_use]
pub fn horizon(now: DateTime<Utc>) -> DateTime<Utc> {
    now - LIFETIME
}

/// A key that a client chose.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(String);

impl Key {
    /// The request's key. The draft quotes it; a bare one is the same key.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let value = headers.get(HEADER).ok_or_else(|| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "idempotency-key-missing",
                "This command needs an Idempotency-Key",
            )
            .detail("Send a new random key with each command, and the same one when you try again.")
        })?;
        let text = value.to_str().unwrap_or_default().trim();
        let key = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .unwrap_or(text);
        if key.is_empty() || key.len() > LONGEST || !key.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "idempotency-key-invalid",
                "This Idempotency-Key can't be used",
            )
            .detail("A key is 1 to 255 visible ASCII characters."));
        }
        Ok(Self(key.to_owned()))
    }

    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a key is unique: for one caller and one command.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The caller, a token's subject.
    pub subject: String,
    /// The command's method and path.
    pub route: &'static str,
    /// The caller's key.
    pub key: Key,
}

/// SHA-256 of a command, by which the same one is known again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of the command as it was understood: white space and the order of fields don't count.
    pub fn of(command: &impl Serialize) -> Result<Self, serde_json::Error> {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, &serde_json::to_vec(command)?).as_ref());
        Ok(Self(bytes))
    }
}

impl AsRef<[u8]> for Fingerprint {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<Vec<u8>> for Fingerprint {
    type Error = std::array::TryFromSliceError;

    /// Of a stored one; an error unless it has 32 bytes.
    fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> {
        bytes.as_slice().try_into().map(Self)
    }
}

/// A key that can't be used for this command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It stands for another command.
    #[error("the idempotency key stands for another command")]
    Reused,
    /// The first command under it has not ended yet.
    #[error("a command under this idempotency key is still running")]
    InFlight,
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Reused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency-key-reused",
                "This Idempotency-Key stands for another command",
            )
            .detail("Use a new key for a new command."),
            KeyError::InFlight => Self::new(
                StatusCode::CONFLICT,
                "idempotency-key-in-flight",
                "The first command under this Idempotency-Key is still running",
            )
            .retry_after(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn key(text: &str) -> Result<Key, Problem> {
        let value = HeaderValue::from_str(text).expect("a header value");
        Key::of(&HeaderMap::from_iter([(HEADER, value)]))
    }

    #[test]
    fn quoted_and_bare_are_one_key() {
        assert_eq!(key("\"a-1\"").expect("a key"), key("a-1").expect("a key"));
    }

    #[test]
    fn unusable_keys_are_refused() {
        for bad in ["", "\"\"", "two words", &"x".repeat(256)] {
            let problem = key(bad).expect_err("no key");
            assert_eq!(problem.slug(), "idempotency-key-invalid", "{bad}");
        }
        let missing = Key::of(&HeaderMap::new()).expect_err("no key");
        assert_eq!(missing.slug(), "idempotency-key-missing");
    }
}
