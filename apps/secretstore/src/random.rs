//! Fresh secrets from the system's generator, in the forms their readers expect.
//!
//! Every generator gives at least 100 bits that nobody can guess.

use aws_lc_rs::{
    encoding::AsDer as _,
    rand::{SecureRandom as _, SystemRandom},
    rsa::KeySize,
    signature::{Ed25519KeyPair, RsaKeyPair},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use thiserror::Error;

/// Lower-case letters and digits that people don't mix up; 32, so that a byte's low five bits choose one evenly.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// The system gave no randomness.
#[derive(Debug, Error)]
#[error("the system's random generator failed")]
pub struct RandomError;

/// 256 bits as base64url: passwords of programs, client secrets, API tokens.
pub fn token() -> Result<String, RandomError> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<32>()?))
}

/// 256 bits as base64: a key for AES-256-GCM.
pub fn key() -> Result<String, RandomError> {
    Ok(STANDARD.encode(bytes::<32>()?))
}

/// An Ed25519 key pair as base64 of its PKCS#8 document.
pub fn signing_key() -> Result<String, RandomError> {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| RandomError)?;
    Ok(STANDARD.encode(document))
}

/// An RSA key pair of 2048 bits as base64 of its PKCS#8 document.
pub fn rsa_key() -> Result<String, RandomError> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| RandomError)?;
    let document = pair.as_der().map_err(|_| RandomError)?;
    Ok(STANDARD.encode(document.as_ref()))
}

/// 100 bits that a person can type: four groups of five.
pub fn password() -> Result<String, RandomError> {
    let letters: Vec<char> = bytes::<20>()?
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect();
    let groups: Vec<String> = letters
        .chunks(5)
        .map(|group| group.iter().collect())
        .collect();
    Ok(groups.join("-"))
}

fn bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| RandomError)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_generator_repeats_itself() {
        for generate in [token, key, signing_key, rsa_key, password] {
            assert_ne!(generate().unwrap(), generate().unwrap());
        }
    }

    #[test]
    fn a_signing_key_is_an_ed25519_key_pair() {
        let document = STANDARD.decode(signing_key().unwrap()).unwrap();
        Ed25519KeyPair::from_pkcs8(&document).unwrap();
    }

    #[test]
    fn an_rsa_key_is_a_key_pair_of_2048_bits() {
        let document = STANDARD.decode(rsa_key().unwrap()).unwrap();
        let pair = RsaKeyPair::from_pkcs8(&document).unwrap();
        assert_eq!(pair.public_modulus_len() * 8, 2048);
    }

    #[test]
    fn a_password_is_four_groups_of_five() {
        let password = password().unwrap();
        let groups: Vec<usize> = password.split('-').map(str::len).collect();
        assert_eq!(groups, [5, 5, 5, 5]);
    }

    #[test]
    fn the_alphabet_has_32_different_letters() {
        let mut letters = ALPHABET.to_vec();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), 32);
    }
}
