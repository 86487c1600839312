//! Opaque values that stand for something here: codes, refresh tokens, the session cookie.
//!
//! Invariant: 256 random bits, handed out once; only the SHA-256 is ever stored or compared.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use service::ids::{Ids, NoRandomness};

/// What is stored of an opaque value.
pub type Hash = [u8; 32];

/// A fresh opaque value.
pub struct Opaque(String);

impl Opaque {
    /// Makes one.
    pub fn new(ids: &Ids) -> Result<Self, NoRandomness> {
        Ok(Self(URL_SAFE_NO_PAD.encode(ids.random::<32>()?)))
    }

    /// Its text, to be given to the one it is for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What to store of it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash(&self.0)
    }
}

/// The SHA-256 of a text. Enough for 256 random bits; no password comes here.
#[must_use]
pub fn hash(text: &str) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    hash
}
