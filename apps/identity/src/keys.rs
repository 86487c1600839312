//! The signing keys: the current ones sign, the next and the retired ones are published and verify as well.
//!
//! Access tokens, which only our own services read, are signed with `EdDSA`; ID tokens with RS256, which every OpenID
//! client knows. Invariants: a key is for one algorithm; a value of the secret that can't be read never replaces keys
//! that work.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dapr_kit::{Secret, Secrets};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey};
use secrecy::ExposeSecret as _;

/// The field of the secret `signing` with the key for access tokens.
const ACCESS: &str = "current";
/// The field with the key for ID tokens.
const ID: &str = "rs256.current";
/// The fields that need not be there: what will sign next, and what has signed before.
const OTHERS: [(&str, Algorithm); 4] = [
    ("next", Algorithm::EdDSA),
    ("retired", Algorithm::EdDSA),
    ("rs256.next", Algorithm::RS256),
    ("rs256.retired", Algorithm::RS256),
];

/// Why a signing key can't be used. Never says anything of the key itself.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The secret lacks a key that signs.
    #[error("the secret `signing` has no field `{0}`")]
    Missing(&'static str),
    /// A field is no base64 of a PKCS#8 document with a key for its algorithm.
    #[error("the field `{field}` of the secret `signing` is no {algorithm:?} key in PKCS#8")]
    Unreadable {
        /// The field.
        field: &'static str,
        /// What its key is for.
        algorithm: Algorithm,
    },
}

/// The private half.
enum Pair {
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Pair {
    fn read(algorithm: Algorithm, document: &[u8]) -> Option<Self> {
        match algorithm {
            Algorithm::EdDSA => Some(Self::Ed25519(Ed25519KeyPair::from_pkcs8(document).ok()?)),
            Algorithm::RS256 => Some(Self::Rsa(Box::new(RsaKeyPair::from_pkcs8(document).ok()?))),
            _ => None,
        }
    }

    fn verifying(&self) -> DecodingKey {
        match self {
            Self::Ed25519(pair) => DecodingKey::from_ed_der(pair.public_key().as_ref()),
            Self::Rsa(pair) => DecodingKey::from_rsa_der(pair.public_key().as_ref()),
        }
    }
}

/// One key.
pub struct Key {
    algorithm: Algorithm,
    id: String,
    public: Jwk,
    verifying: DecodingKey,
    pair: Pair,
}

impl Key {
    fn read(
        secret: &Secret,
        field: &'static str,
        algorithm: Algorithm,
    ) -> Result<Option<Self>, KeyError> {
        let Some(text) = secret.get(field) else {
            return Ok(None);
        };
        let document = STANDARD.decode(text.expose_secret().trim());
        let key = document.ok().and_then(|der| Self::parse(algorithm, &der));
        key.map(Some)
            .ok_or(KeyError::Unreadable { field, algorithm })
    }

    fn parse(algorithm: Algorithm, document: &[u8]) -> Option<Self> {
        let pair = Pair::read(algorithm, document)?;
        let verifying = pair.verifying();
        let mut public = Jwk::from_decoding_key(&verifying, Some(algorithm)).ok()?;
        let id = public.thumbprint(ThumbprintHash::SHA256).ok()?;
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        public.common.key_id = Some(id.clone());
        Some(Self {
            algorithm,
            id,
            public,
            verifying,
            pair,
        })
    }

    /// Its id: the RFC 7638 thumbprint.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The one algorithm that it is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What verifies with it.
    #[must_use]
    pub fn verifying(&self) -> &DecodingKey {
        &self.verifying
    }

    /// Its signature over `message`.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        match &self.pair {
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                // PKCS#1 v1.5 draws nothing from the generator that its interface asks for.
                let unused = SystemRandom::new();
                pair.sign(&RSA_PKCS1_SHA256, &unused, message, &mut signature)?;
                Ok(signature)
            }
        }
    }
}

/// The keys of one value of the secret.
pub struct KeySet {
    access: Key,
    id: Key,
    others: Vec<Key>,
}

impl KeySet {
    fn read(secret: &Secret) -> Result<Self, KeyError> {
        let signing =
            |field, algorithm| Key::read(secret, field, algorithm)?.ok_or(KeyError::Missing(field));
        let (access, id) = (
            signing(ACCESS, Algorithm::EdDSA)?,
            signing(ID, Algorithm::RS256)?,
        );
        let mut others = Vec::with_capacity(OTHERS.len());
        for (field, algorithm) in OTHERS {
            others.extend(Key::read(secret, field, algorithm)?);
        }
        Ok(Self { access, id, others })
    }

    /// The key that signs access tokens.
    #[must_use]
    pub fn for_access(&self) -> &Key {
        &self.access
    }

    /// The key that signs ID tokens.
    #[must_use]
    pub fn for_id(&self) -> &Key {
        &self.id
    }

    /// The key of this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Key> {
        self.all().find(|key| key.id() == id)
    }

    /// The public halves as JWKS shows them (RFC 7517, RFC 8037).
    pub fn public(&self) -> impl Iterator<Item = &Jwk> {
        self.all().map(|key| &key.public)
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        [&self.access, &self.id].into_iter().chain(&self.others)
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
                    let (access, id) = (keys.for_access().id(), keys.for_id().id());
                    tracing::info!(access, id, "signing with the newest keys");
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
mod tests;
