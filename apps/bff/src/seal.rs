//! Encryption of what we keep outside this process: sessions in the state store, sign-ins in the browser.
//!
//! Invariant: AES-256-GCM with a random nonce, bound to its purpose, so that one sealed thing never passes for another.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dapr_kit::{Secret, Secrets};
use secrecy::ExposeSecret as _;

/// Says how the rest is read; a later format gets another number.
const FORMAT: u8 = 1;

/// Seals and opens with the secret `session`: by its `current` key, and opens by `previous` and `next` as well: of two
/// replicas one learns first that a key has been rotated. Cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    keys: Secrets,
}

/// Something that can't be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The secret lacks a usable key.
    #[error("the secret `session` has no usable key `{0}`")]
    Key(&'static str),
    /// Not ours, damaged, for another purpose, or sealed by a key that is gone.
    #[error("what was sealed can't be opened")]
    Damaged,
}

impl Sealer {
    /// A sealer that follows this secret.
    #[must_use]
    pub fn new(keys: Secrets) -> Self {
        Self { keys }
    }

    /// Whether the secret holds a usable key, so that a wrong one is found at start.
    pub fn check(&self) -> Result<(), SealError> {
        key(&self.keys.current(), "current").map(drop)
    }

    /// Encrypts `plain` for `purpose`.
    pub fn seal(&self, purpose: &str, plain: Vec<u8>) -> Result<Vec<u8>, SealError> {
        let key = key(&self.keys.current(), "current")?;
        let mut body = plain;
        let nonce = key
            .seal_in_place_append_tag(Aad::from(purpose.as_bytes()), &mut body)
            .map_err(|_| SealError::Key("current"))?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + body.len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Decrypts what [`Self::seal`] made for the same purpose.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (&FORMAT, sealed) = sealed.split_first().ok_or(SealError::Damaged)? else {
            return Err(SealError::Damaged);
        };
        let (nonce, body) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(SealError::Damaged)?;
        let keys: Arc<Secret> = self.keys.current();
        for name in ["current", "previous", "next"] {
            if keys.get(name).is_none() {
                continue;
            }
            let key = key(&keys, name)?;
            let mut body = body.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            if let Ok(plain) = key.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut body) {
                return Ok(plain.to_vec());
            }
        }
        Err(SealError::Damaged)
    }
}

fn key(secret: &Secret, name: &'static str) -> Result<RandomizedNonceKey, SealError> {
    let text = secret.get(name).ok_or(SealError::Key(name))?;
    let bytes = STANDARD
        .decode(text.expose_secret())
        .map_err(|_| SealError::Key(name))?;
    RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| SealError::Key(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn sealer(keys: &[(&str, u8)]) -> Sealer {
        let fields: HashMap<_, _> = keys
            .iter()
            .map(|(name, byte)| ((*name).to_owned(), STANDARD.encode([*byte; 32])))
            .collect();
        Sealer::new(Secrets::fixed(Secret::new("session", fields)))
    }

    #[test]
    fn opens_what_it_sealed_and_hides_it() {
        let ours = sealer(&[("current", 1)]);
        let sealed = ours.seal("a", b"refresh-token".to_vec()).expect("a key");
        assert!(!sealed.windows(7).any(|window| window == b"refresh"));
        assert_eq!(ours.open("a", &sealed).expect("ours"), b"refresh-token");
        assert_ne!(
            sealed,
            ours.seal("a", b"refresh-token".to_vec()).expect("a key"),
            "the nonce is fresh"
        );
    }

    #[test]
    fn another_purpose_key_or_byte_is_refused() {
        let ours = sealer(&[("current", 1)]);
        let sealed = ours.seal("a", b"x".to_vec()).expect("a key");
        assert!(ours.open("b", &sealed).is_err());
        assert!(sealer(&[("current", 2)]).open("a", &sealed).is_err());
        for place in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert!(ours.open("a", &damaged).is_err(), "byte {place}");
        }
        assert!(ours.open("a", &[]).is_err() && ours.open("a", &[FORMAT; 5]).is_err());
    }

    #[test]
    fn the_previous_key_still_opens_after_a_rotation() {
        let sealed = sealer(&[("current", 1)])
            .seal("a", b"x".to_vec())
            .expect("a key");
        let rotated = sealer(&[("current", 2), ("previous", 1)]);
        assert_eq!(rotated.open("a", &sealed).expect("ours"), b"x");
        let renewed = rotated.seal("a", b"x".to_vec()).expect("a key");
        assert!(
            sealer(&[("current", 1)]).open("a", &renewed).is_err(),
            "new ones use the current key"
        );
    }

    #[test]
    fn a_replica_that_has_not_heard_of_a_rotation_opens_what_another_seals_after_it() {
        let rotated = sealer(&[("next", 3), ("current", 2), ("previous", 1)]);
        let sealed = rotated.seal("a", b"x".to_vec()).expect("a key");
        let late = sealer(&[("next", 2), ("current", 1)]);
        assert_eq!(late.open("a", &sealed).expect("ours"), b"x");
    }

    #[test]
    fn a_key_of_the_wrong_size_is_found_at_start() {
        let short = HashMap::from([("current".to_owned(), STANDARD.encode([1; 16]))]);
        assert!(
            Sealer::new(Secrets::fixed(Secret::new("session", short)))
                .check()
                .is_err()
        );
        assert!(sealer(&[]).check().is_err());
    }
}
