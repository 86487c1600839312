//! What each sidecar shows to sentry to be given its app's certificate: a token signed by a key that never leaves the vault.
//!
//! Invariant: a token names one app and lives an hour, and whoever reads it finds its key in the file of good keys: that
//! one is written first.

use std::{path::Path, time::Duration};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use thiserror::Error;
use vaultrs::{
    api::transit::{
        KeyType,
        requests::{CreateKeyRequest, SignDataRequest},
        responses::ReadKeyData,
    },
    transit,
};

use crate::{
    files::FileError,
    handout,
    mounts::TRANSIT,
    vault::{Vault, VaultError, failed},
};

/// The key of the transit engine that signs the tokens.
pub const KEY: &str = "sidecars";
/// The vault makes a new version of it by itself, every 30 days.
const ROTATED_EVERY: &str = "720h";
/// So many versions are good: what the one before the newest signed is expired long before the next.
const GOOD: usize = 2;
/// How long a token is good.
const LIFE: Duration = Duration::from_hours(1);
/// A token that has less than this left is replaced.
const MARGIN: Duration = Duration::from_mins(30);
/// What sentry calls itself.
const AUDIENCE: &str = "spiffe://localhost/ns/default/dapr-sentry";
/// What sentry calls an app begins with this.
const IDENTITY: &str = "spiffe://public/ns/default/";
/// The signature algorithm's name in tokens and key sets.
const ALGORITHM: &str = "EdDSA";

/// Tokens that can't be made.
#[derive(Debug, Error)]
pub enum SentryError {
    /// The vault's part of it.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A version of the key, as sentry knows it.
struct Key {
    version: u64,
    public: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    aud: String,
    iat: u64,
    exp: u64,
}

/// Makes sure of the key.
pub async fn ensure_key(root: &Vault) -> Result<(), VaultError> {
    match transit::key::read(root.client(), TRANSIT, KEY)
        .await
        .map_err(failed("read the sidecars' key"))
    {
        Ok(_) => return Ok(()),
        Err(error) if error.code() == Some(404) => {}
        Err(error) => return Err(error),
    }
    let mut wanted = CreateKeyRequest::builder();
    wanted
        .key_type(KeyType::Ed25519)
        .auto_rotate_period(ROTATED_EVERY);
    transit::key::create(root.client(), TRANSIT, KEY, Some(&mut wanted))
        .await
        .map_err(failed("make the sidecars' key"))
}

/// Writes which keys are good, and a token for each app whose own is not good for much longer; says how many it made.
pub async fn renew(
    vault: &Vault,
    state: &Path,
    apps: &[String],
    now: Duration,
) -> Result<usize, SentryError> {
    let keys = good_keys(vault).await?;
    handout::write_sentry_keys(state, &key_set(&keys))?;
    let mut made = 0;
    for app in apps {
        let kept = handout::kept_sentry_token(state, app)?;
        if !kept.is_some_and(|token| serves(&token, app, &keys, now + MARGIN)) {
            let token = sign(vault, app, &keys, now).await?;
            handout::write_sentry_token(state, app, &token)?;
            made += 1;
        }
    }
    Ok(made)
}

/// The newest versions of the key, the newest first.
async fn good_keys(vault: &Vault) -> Result<Vec<Key>, VaultError> {
    let action = "read the sidecars' key";
    let unreadable = VaultError::Unreadable { action };
    let found = transit::key::read(vault.client(), TRANSIT, KEY)
        .await
        .map_err(failed(action))?;
    let ReadKeyData::Asymmetric(versions) = found.keys else {
        return Err(unreadable);
    };
    let mut keys = Vec::with_capacity(versions.len());
    for (version, entry) in versions {
        let (Ok(version), Ok(public)) = (version.parse(), STANDARD.decode(entry.public_key)) else {
            return Err(unreadable);
        };
        keys.push(Key { version, public });
    }
    keys.sort_by_key(|key| std::cmp::Reverse(key.version));
    keys.truncate(GOOD);
    Ok(keys)
}

/// The keys as a JSON Web Key Set (RFC 8037).
fn key_set(keys: &[Key]) -> String {
    let keys: Vec<_> = keys
        .iter()
        .map(|key| {
            json!({
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": ALGORITHM,
                "kid": key.version.to_string(), "x": URL_SAFE_NO_PAD.encode(&key.public),
            })
        })
        .collect();
    json!({ "keys": keys }).to_string()
}

async fn sign(vault: &Vault, app: &str, keys: &[Key], now: Duration) -> Result<String, VaultError> {
    let action = "sign a sidecar's token";
    let unreadable = || VaultError::Unreadable { action };
    let newest = keys.first().ok_or_else(unreadable)?.version;
    let header = Header {
        alg: ALGORITHM.to_owned(),
        kid: newest.to_string(),
        typ: "JWT".to_owned(),
    };
    let claims = Claims {
        sub: format!("{IDENTITY}{app}"),
        aud: AUDIENCE.to_owned(),
        iat: now.as_secs(),
        exp: (now + LIFE).as_secs(),
    };
    let signed = format!(
        "{}.{}",
        part(&header).ok_or_else(unreadable)?,
        part(&claims).ok_or_else(unreadable)?
    );
    let mut wanted = SignDataRequest::builder();
    wanted.key_version(newest);
    let input = STANDARD.encode(&signed);
    let made = transit::data::sign(vault.client(), TRANSIT, KEY, &input, Some(&mut wanted))
        .await
        .map_err(failed(action))?;
    // `vault:v1:…`, in the alphabet of base64 that tokens don't use.
    let signature = made.signature.rsplit(':').next().unwrap_or_default();
    let signature = STANDARD.decode(signature).map_err(|_| unreadable())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Whether sentry would take the token for that app at that time.
fn serves(token: &str, app: &str, keys: &[Key], at: Duration) -> bool {
    let check = || -> Option<bool> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = read(header)?;
        let claims: Claims = read(claims)?;
        let key = keys
            .iter()
            .find(|key| key.version.to_string() == header.kid)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        UnparsedPublicKey::new(&ED25519, &key.public)
            .verify(signed.as_bytes(), &signature)
            .ok()?;
        Some(
            claims.sub.strip_prefix(IDENTITY) == Some(app)
                && claims.aud == AUDIENCE
                && at.as_secs() < claims.exp,
        )
    };
    check().unwrap_or(false)
}

fn part(content: &impl Serialize) -> Option<String> {
    let text = serde_json::to_vec(content).ok()?;
    Some(URL_SAFE_NO_PAD.encode(text))
}

fn read<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    const NOW: Duration = Duration::from_hours(500_000);

    fn pair() -> (Ed25519KeyPair, Vec<Key>) {
        let pair = Ed25519KeyPair::generate().unwrap();
        let public = pair.public_key().as_ref().to_vec();
        (pair, vec![Key { version: 7, public }])
    }

    fn token(pair: &Ed25519KeyPair, sub: &str, aud: &str, exp: Duration) -> String {
        let (sub, aud, iat, exp) = (sub.to_owned(), aud.to_owned(), 0, exp.as_secs());
        let header = json!({ "alg": ALGORITHM, "kid": "7", "typ": "JWT" });
        let claims = Claims { sub, aud, iat, exp };
        let signed = format!("{}.{}", part(&header).unwrap(), part(&claims).unwrap());
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    #[test]
    fn a_token_serves_one_app_while_it_lasts_and_its_key_is_good() {
        let ((pair, keys), (stranger, others)) = (pair(), pair());
        let order = "spiffe://public/ns/default/order";
        let later = NOW + Duration::from_secs(1);
        let good = token(&pair, order, AUDIENCE, later);
        assert!(serves(&good, "order", &keys, NOW));
        assert!(!serves(&good, "order", &keys, later));
        assert!(!serves(&good, "payment", &keys, NOW));
        assert!(!serves(&good, "order", &others, NOW));
        assert!(!serves(&good, "order", &[], NOW));
        for bad in [
            token(&stranger, order, AUDIENCE, later),
            token(&pair, "order", AUDIENCE, later),
            token(&pair, order, "somebody else", later),
            good.replacen('.', "", 1),
            String::new(),
        ] {
            assert!(!serves(&bad, "order", &keys, NOW), "{bad}");
        }
    }

    #[test]
    fn a_key_set_is_one_word_that_names_each_key() {
        let (_, keys) = pair();
        let text = key_set(&keys);
        let set: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(set["keys"][0]["kid"], "7");
        assert_eq!(set["keys"][0]["crv"], "Ed25519");
        assert!(!text.contains(char::is_whitespace));
    }
}
