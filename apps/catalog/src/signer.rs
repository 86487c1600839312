//! Signatures of what we hand out and want back unchanged: HMAC-SHA256 by keys that nobody else has.
//!
//! Invariant: a token is of one format and of at most [`LONGEST`] bytes; nothing of it is read before one of our keys has
//! been found, in constant time, to have signed it together with what it is about.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dapr_kit::{Secret, Secrets};
use secrecy::ExposeSecret as _;

/// A token begins with it, and so does what is signed: another format is another word.
const FORMAT: &str = "q1";
/// The longest token that is looked at: as much as the public entry reads of a body.
pub const LONGEST: usize = 64 * 1024;
/// A key's bytes: as many as the hash has.
const KEY: usize = 32;
/// The keys by which a signature may be: of two replicas one learns first that they have been rotated.
const ACCEPTED: [&str; 3] = ["current", "previous", "next"];

/// Signs by the `current` key of a secret, and knows the signatures of the others. Cheap to clone.
#[derive(Clone)]
pub struct Signer(Secrets);

/// The secret lacks a usable key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret has no usable key `{0}`")]
pub struct KeyError(&'static str);

/// A token that we did not make, or for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not ours, or of something else")]
pub struct NotOurs;

impl Signer {
    /// A signer that follows this secret.
    #[must_use]
    pub fn new(keys: Secrets) -> Self {
        Self(keys)
    }

    /// Whether the secret holds a usable key, so that a wrong one is found at start.
    pub fn check(&self) -> Result<(), KeyError> {
        key(&self.0.current(), "current").map(drop)
    }

    /// A token that carries `payload`, readable by anybody, good for `about` alone.
    pub fn sign(&self, payload: &[u8], about: &[u8]) -> Result<String, KeyError> {
        let key = key(&self.0.current(), "current")?;
        let payload = URL_SAFE_NO_PAD.encode(payload);
        let tag = hmac::sign(&key, &signed(&payload, about));
        let tag = URL_SAFE_NO_PAD.encode(tag.as_ref());
        Ok(format!("{FORMAT}.{payload}.{tag}"))
    }

    /// What a token carries, if we signed it for `about`.
    pub fn open(&self, token: &str, about: &[u8]) -> Result<Vec<u8>, NotOurs> {
        if token.len() > LONGEST {
            return Err(NotOurs);
        }
        let mut parts = token.split('.');
        let (Some(FORMAT), Some(payload), Some(tag), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotOurs);
        };
        // Refuses what is not the one way to write these bytes, so that a token has one spelling.
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| NotOurs)?;
        let (keys, signed) = (self.0.current(), signed(payload, about));
        let ours = ACCEPTED
            .iter()
            .filter_map(|name| key(&keys, name).ok())
            .any(|key| hmac::verify(&key, &signed, &tag).is_ok());
        if !ours {
            return Err(NotOurs);
        }
        URL_SAFE_NO_PAD.decode(payload).map_err(|_| NotOurs)
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

/// What a signature covers. The payload's alphabet has no full stop, so the two parts can't be shifted into each other.
fn signed(payload: &str, about: &[u8]) -> Vec<u8> {
    [FORMAT.as_bytes(), b".", payload.as_bytes(), b".", about].concat()
}

fn key(secret: &Secret, name: &'static str) -> Result<hmac::Key, KeyError> {
    let text = secret.get(name).ok_or(KeyError(name))?;
    let bytes = STANDARD
        .decode(text.expose_secret())
        .map_err(|_| KeyError(name))?;
    if bytes.len() == KEY {
        Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    } else {
        Err(KeyError(name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    fn signer(keys: &[(&str, u8)]) -> Signer {
        let fields = keys
            .iter()
            .map(|(name, byte)| ((*name).to_owned(), STANDARD.encode([*byte; KEY])))
            .collect();
        Signer::new(Secrets::fixed(Secret::new("quotes", fields)))
    }

    #[test]
    fn a_key_signs_while_it_is_current_and_is_known_before_and_after() {
        let token = signer(&[("current", 2)])
            .sign(b"terms", b"order")
            .expect("a key");
        for (keys, known) in [
            (&[("current", 2)][..], true),
            (&[("current", 1), ("next", 2)], true),
            (&[("current", 3), ("next", 4), ("previous", 2)], true),
            (&[("current", 3), ("next", 4)], false),
            (&[("retired", 2)], false),
            (&[], false),
        ] {
            let opened = signer(keys).open(&token, b"order");
            assert_eq!(opened.is_ok(), known, "{keys:?}");
        }
    }

    #[test]
    fn a_key_of_another_length_signs_nothing() {
        for text in ["", "AAAA", "no base64"] {
            let fields = [("current".to_owned(), text.to_owned())];
            let signer = Signer::new(Secrets::fixed(Secret::new("quotes", fields.into())));
            assert_eq!(signer.check(), Err(KeyError("current")), "{text}");
            assert!(signer.sign(b"", b"").is_err());
        }
        assert_eq!(signer(&[("current", 1)]).check(), Ok(()));
    }

    #[test]
    fn what_is_longer_than_any_token_is_not_looked_at() {
        let signer = signer(&[("current", 1)]);
        let long = signer.sign(&vec![0; LONGEST], b"order").expect("a key");
        assert_eq!(signer.open(&long, b"order"), Err(NotOurs));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_was_signed_is_known_and_with_any_byte_changed_it_is_not(
            payload in proptest::collection::vec(any::<u8>(), 0..80),
            about in proptest::collection::vec(any::<u8>(), 0..80),
            place in any::<Index>(),
            byte in any::<u8>(),
        ) {
            let signer = signer(&[("current", 1), ("previous", 2), ("next", 3)]);
            let token = signer.sign(&payload, &about).expect("a key");
            prop_assert_eq!(signer.open(&token, &about), Ok(payload));
            let mut other = token.clone().into_bytes();
            let place = place.index(other.len());
            prop_assume!(other[place] != byte);
            other[place] = byte;
            if let Ok(other) = String::from_utf8(other) {
                prop_assert_eq!(signer.open(&other, &about), Err(NotOurs));
            }
        }

        #[test]
        fn it_is_good_for_nothing_else(
            about in proptest::collection::vec(any::<u8>(), 1..80),
            place in any::<Index>(),
            bit in 0..8_u8,
        ) {
            let signer = signer(&[("current", 1)]);
            let token = signer.sign(b"terms", &about).expect("a key");
            let mut other = about.clone();
            other[place.index(about.len())] ^= 1 << bit;
            prop_assert_eq!(signer.open(&token, &other), Err(NotOurs));
        }

        #[test]
        fn no_text_makes_it_panic_or_pass(token in "(q1|q2|\\.|[A-Za-z0-9_-]{0,60}|\\PC){0,8}") {
            prop_assert_eq!(signer(&[("current", 1)]).open(&token, b"order"), Err(NotOurs));
        }
    }
}
