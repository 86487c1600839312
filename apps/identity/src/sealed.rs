//! Encryption of what must be read again and lies in the database: the secrets of authenticator apps; and marks on what
//! a browser brings back, by which we know it as ours.
//!
//! Invariant: AES-256-GCM with a random nonce, bound to its person, so that nobody's row passes for another's. A mark is
//! HMAC-SHA256 by a key of its purpose, so that none passes for one of another purpose.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dapr_kit::{Secret, Secrets};
use secrecy::ExposeSecret as _;

use crate::person::PersonId;

/// Seals with the secret `totp`: by its `current` key, and opens by `previous` as well. Cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    keys: Secrets,
}

/// What a mark is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A request for consent, in the session that was asked.
    Consent,
    /// The instant at which an authorization request was first seen.
    FirstSeen,
}

impl Purpose {
    const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Consent => b"crema identity consent",
            Self::FirstSeen => b"crema identity first seen",
        }
    }
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

    /// Marks a text as ours for a purpose.
    pub fn mark(&self, purpose: Purpose, text: &str) -> Result<String, SealError> {
        let key = marking_key(&self.keys.current(), "current", purpose)?;
        let mark = hmac::sign(&key, text.as_bytes());
        Ok(URL_SAFE_NO_PAD.encode(mark.as_ref()))
    }

    /// Whether [`Self::mark`] marked this text for this purpose.
    #[must_use]
    pub fn is_marked(&self, purpose: Purpose, text: &str, mark: &str) -> bool {
        let Ok(mark) = URL_SAFE_NO_PAD.decode(mark) else {
            return false;
        };
        let keys = self.keys.current();
        ["current", "previous"].into_iter().any(|name| {
            marking_key(&keys, name, purpose)
                .is_ok_and(|key| hmac::verify(&key, text.as_bytes(), &mark).is_ok())
        })
    }
}

/// The key of a purpose, made from the one that seals.
fn marking_key(
    secret: &Secret,
    name: &'static str,
    purpose: Purpose,
) -> Result<hmac::Key, SealError> {
    let key = hmac::Key::new(HMAC_SHA256, &bytes(secret, name)?);
    let derived = hmac::sign(&key, purpose.as_bytes());
    Ok(hmac::Key::new(HMAC_SHA256, derived.as_ref()))
}

fn key(secret: &Secret, name: &'static str) -> Result<RandomizedNonceKey, SealError> {
    RandomizedNonceKey::new(&AES_256_GCM, &bytes(secret, name)?).map_err(|_| SealError::Key(name))
}

fn bytes(secret: &Secret, name: &'static str) -> Result<Vec<u8>, SealError> {
    let text = secret.get(name).ok_or(SealError::Key(name))?;
    STANDARD
        .decode(text.expose_secret())
        .map_err(|_| SealError::Key(name))
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
    fn a_mark_is_for_one_text_and_one_purpose_and_outlives_a_rotation() {
        let (ours, purpose) = (sealer(&[("current", 1)]), Purpose::Consent);
        let mark = ours.mark(purpose, "text").expect("a key");
        assert!(ours.is_marked(purpose, "text", &mark));
        assert!(!ours.is_marked(Purpose::FirstSeen, "text", &mark));
        assert!(!ours.is_marked(purpose, "texts", &mark));
        for not_ours in ["", "!", &mark[1..], &mark[..42]] {
            assert!(!ours.is_marked(purpose, "text", not_ours), "{not_ours}");
        }
        assert!(!sealer(&[("current", 2)]).is_marked(purpose, "text", &mark));
        let rotated = sealer(&[("current", 2), ("previous", 1)]);
        assert!(rotated.is_marked(purpose, "text", &mark));
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
