//! The signing keys: the current one signs; the next and the retired one are published and verify as well.
//!
//! Invariant: a value of the secret that can't be read never replaces keys that work.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dapr_kit::{Secret, Secrets};
use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::ExposeSecret as _;
use serde::Serialize;

/// The fields of the secret `signing`; only the first must be there.
const FIELDS: [&str; 3] = ["current", "next", "retired"];

/// Why a signing key can't be used. Never says anything of the key itself.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The secret lacks the key that signs.
    #[error("the secret `signing` has no field `current`")]
    Missing,
    /// A field is no base64 of an Ed25519 key in PKCS#8.
    #[error("the field `{0}` of the secret `signing` is no Ed25519 key in PKCS#8")]
    Unreadable(&'static str),
}

/// A public key as JWKS shows it (RFC 8037).
#[derive(Debug, Clone, Serialize)]
pub struct PublicKey {
    kty: &'static str,
    crv: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: &'static str,
    kid: String,
    x: String,
}

/// One key.
pub struct Key {
    public: PublicKey,
    verifying: DecodingKey,
    signing: EncodingKey,
}

impl Key {
    fn read(field: &'static str, text: &str) -> Result<Self, KeyError> {
        let unreadable = || KeyError::Unreadable(field);
        let der = STANDARD.decode(text.trim()).map_err(|_| unreadable())?;
        let pair = Ed25519KeyPair::from_pkcs8(&der).map_err(|_| unreadable())?;
        let x = URL_SAFE_NO_PAD.encode(pair.public_key());
        // RFC 7638: the required members alone, in alphabetical order, without white space.
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()));
        Ok(Self {
            verifying: DecodingKey::from_ed_components(&x).map_err(|_| unreadable())?,
            signing: EncodingKey::from_ed_der(&der),
            public: PublicKey {
                kty: "OKP",
                crv: "Ed25519",
                usage: "sig",
                alg: "EdDSA",
                kid,
                x,
            },
        })
    }

    /// Its id: the RFC 7638 thumbprint.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.public.kid
    }

    /// What verifies with it.
    #[must_use]
    pub fn verifying(&self) -> &DecodingKey {
        &self.verifying
    }

    /// What signs with it.
    #[must_use]
    pub fn signing(&self) -> &EncodingKey {
        &self.signing
    }
}

/// The keys of one value of the secret, the signing one first.
pub struct KeySet(Vec<Key>);

impl KeySet {
    fn read(secret: &Secret) -> Result<Self, KeyError> {
        let mut keys = Vec::with_capacity(FIELDS.len());
        for field in FIELDS {
            match secret.get(field) {
                Some(text) => keys.push(Key::read(field, text.expose_secret())?),
                None if field == FIELDS[0] => return Err(KeyError::Missing),
                None => {}
            }
        }
        Ok(Self(keys))
    }

    /// The key that signs.
    #[must_use]
    pub fn current(&self) -> &Key {
        &self.0[0]
    }

    /// The key of this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id() == id)
    }

    /// The public halves.
    pub fn public(&self) -> impl Iterator<Item = &PublicKey> {
        self.0.iter().map(|key| &key.public)
    }
}

struct Parsed {
    /// The value last looked at, readable or not.
    seen: Arc<Secret>,
    keys: Arc<KeySet>,
}

/// The keys as they are now. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    secret: Secrets,
    parsed: Arc<Mutex<Parsed>>,
}

impl Keys {
    /// Follows the secret `signing`, whose present value must be readable.
    pub fn new(secret: Secrets) -> Result<Self, KeyError> {
        let seen = secret.current();
        let keys = Arc::new(KeySet::read(&seen)?);
        let parsed = Arc::new(Mutex::new(Parsed { seen, keys }));
        Ok(Self { secret, parsed })
    }

    /// The newest keys that could be read.
    #[must_use]
    pub fn current(&self) -> Arc<KeySet> {
        let newest = self.secret.current();
        let mut parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&newest, &parsed.seen) {
            match KeySet::read(&newest) {
                Ok(keys) => {
                    tracing::info!(kid = keys.current().id(), "signing with the newest keys");
                    parsed.keys = Arc::new(keys);
                }
                Err(error) => tracing::error!(%error, "keeping the keys that work"),
            }
            parsed.seen = newest;
        }
        parsed.keys.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use std::collections::HashMap;

    fn secret(fields: &[(&str, String)]) -> Secret {
        let fields: HashMap<String, String> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        Secret::new("signing", fields)
    }

    fn key() -> String {
        let key = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).expect("a key");
        STANDARD.encode(key.as_ref())
    }

    #[test]
    fn all_keys_are_published_and_the_current_one_signs() {
        let fields = [("retired", key()), ("current", key()), ("next", key())];
        let keys = KeySet::read(&secret(&fields)).expect("readable");
        let alone = KeySet::read(&secret(&fields[1..2])).expect("readable");
        assert_eq!(keys.public().count(), 3);
        assert_eq!(keys.current().id(), alone.current().id());
        assert!(keys.find(keys.current().id()).is_some());
        assert!(keys.find("").is_none());
    }

    #[test]
    fn the_key_id_is_the_thumbprint() {
        // The key of RFC 8037, appendix A: its thumbprint is appendix A.3.
        let der = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
        let keys = KeySet::read(&secret(&[("current", der.to_owned())])).expect("readable");
        assert_eq!(
            keys.current().id(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }

    #[test]
    fn unreadable_keys_are_named_and_never_shown() {
        let missing = KeySet::read(&secret(&[("next", key())])).err();
        assert!(matches!(missing, Some(KeyError::Missing)));
        let bad = secret(&[("current", key()), ("next", "c2VjcmV0".to_owned())]);
        let error = KeySet::read(&bad).err().map(|error| error.to_string());
        assert_eq!(
            error.as_deref(),
            Some("the field `next` of the secret `signing` is no Ed25519 key in PKCS#8")
        );
    }
}
