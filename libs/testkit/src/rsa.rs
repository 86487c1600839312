//! An RSA key, as identity has one for ID tokens.
//!
//! Invariant: one for all tests of a process, because making one takes a while.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use serde::Serialize;
use serde_json::{Value, json};

static KEY: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("a new key"));
static JWK: LazyLock<Jwk> = LazyLock::new(|| {
    let verifying = DecodingKey::from_rsa_der(KEY.public_key().as_ref());
    let mut jwk = Jwk::from_decoding_key(&verifying, Some(Algorithm::RS256)).expect("a key");
    let id = jwk.thumbprint(ThumbprintHash::SHA256).expect("a digest");
    jwk.common.key_id = Some(id);
    jwk
});

/// Its PKCS#8 document in base64, as the secret `signing` holds it.
///
/// # Panics
/// When the system has no randomness.
#[must_use]
pub fn document() -> String {
    STANDARD.encode(KEY.as_der().expect("a document").as_ref())
}

/// Its public half, as identity publishes it.
#[must_use]
pub fn jwk() -> Value {
    json!(*JWK)
}

/// Signs any claims under any header, for tokens that are wrong in form too: RS256, whatever the header says.
///
/// # Panics
/// When the claims are not JSON.
#[must_use]
pub fn sign(mut header: Header, claims: &impl Serialize) -> String {
    if header.kid.is_none() {
        header.kid.clone_from(&JWK.common.key_id);
    }
    let part = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
    let header = part(serde_json::to_vec(&header).expect("a header"));
    let claims = part(serde_json::to_vec(claims).expect("claims that serialize"));
    let message = format!("{header}.{claims}");
    let mut signature = vec![0; KEY.public_modulus_len()];
    KEY.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message.as_bytes(),
        &mut signature,
    )
    .expect("a signature");
    format!("{message}.{}", part(signature))
}
