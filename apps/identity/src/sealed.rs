//! Encryption of what must be read again and lies in the database: the secrets of authenticator apps.
//!
//! Invariant: AES-256-GCM with a random nonce, bound to its person, so that nobody's row passes for another's.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dapr_kit::{Secret, Secrets};
use secrecy::ExposeSecret as _;

use crate::person::PersonId;

/// Seals with the secret `totp`: by its `current` key, and opens by `previous` as well. Cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    keys: Secrets,
}

/// Something that can't be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The secret lacks a usable key.
    #[error("the secret `totp` has no usable key `{0}`")]
    Key(&'static str),
    /// Damaged, another person's, or sealed by a key that is gone.
    #[error("what was sealed can't be opened")]
    Damaged,
}

impl Sealer {
    /// Follows this secret, which must have a usable key now.
    pub fn new(keys: Secrets) -> Result<Self, SealError> {
        key(&keys.current(), "current")?;
        Ok(Self { keys })
    }

    /// Encrypts `plain` for a person.
    pub fn seal(&self, person: PersonId, plain: Vec<u8>) -> Result<Vec<u8>, SealError> {
        let mut body = plain;
        let nonce = key(&self.keys.current(), "current")?
            .seal_in_place_append_tag(Aad::from(person.0.as_bytes()), &mut body)
            .map_err(|_| SealError::Key("current"))?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Decrypts what [`Self::seal`] made for the same person.
    pub fn open(&self, person: PersonId, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, body) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(SealError::Damaged)?;
        let keys = self.keys.current();
        for name in ["current", "previous"] {
            if keys.get(name).is_none() {
                continue;
            }
            let mut body = body.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let person = Aad::from(person.0.as_bytes());
            if let Ok(plain) = key(&keys, name)?.open_in_place(nonce, person, &mut body) {
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
    use uuid::Uuid;

    fn sealer(keys: &[(&str, u8)]) -> Sealer {
        let fields = keys
            .iter()
            .map(|(name, byte)| ((*name).to_owned(), STANDARD.encode([*byte; 32])));
        Sealer::new(Secrets::fixed(Secret::new("totp", fields.collect()))).expect("a key")
    }

    const ADA: PersonId = PersonId(Uuid::nil());

    #[test]
    fn opens_what_it_sealed_and_hides_it() {
        let ours = sealer(&[("current", 1)]);
        let sealed = ours.seal(ADA, b"a secret".to_vec()).expect("a key");
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(ours.open(ADA, &sealed).expect("ours"), b"a secret");
        assert_ne!(sealed, ours.seal(ADA, b"a secret".to_vec()).expect("a key"));
    }

    #[test]
    fn nobody_elses_row_and_nothing_damaged_opens() {
        let ours = sealer(&[("current", 1)]);
        let mut sealed = ours.seal(ADA, b"a secret".to_vec()).expect("a key");
        assert!(ours.open(PersonId(Uuid::max()), &sealed).is_err());
        assert!(sealer(&[("current", 2)]).open(ADA, &sealed).is_err());
        assert!(ours.open(ADA, b"short").is_err());
        sealed[NONCE_LEN] ^= 1;
        assert!(ours.open(ADA, &sealed).is_err());
    }

    #[test]
    fn a_rotated_key_still_opens() {
        let sealed = sealer(&[("current", 1)]).seal(ADA, b"x".to_vec());
        let rotated = sealer(&[("current", 2), ("previous", 1)]);
        let opened = rotated.open(ADA, &sealed.expect("a key"));
        assert_eq!(opened.expect("the previous key"), b"x");
    }

    #[test]
    fn a_key_of_another_length_is_refused_at_start() {
        let short = Secret::new(
            "totp",
            [("current".to_owned(), STANDARD.encode([1; 16]))].into(),
        );
        assert!(Sealer::new(Secrets::fixed(short)).is_err());
    }
}
