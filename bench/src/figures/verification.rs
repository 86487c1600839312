//! What it costs a service to verify an access token, beside the bare check of its signature.
//!
//! Invariant: it is the verifier that every service has, in this process, and the issuer's keys are known to it already.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::Target;
use serde_json::Value;
use service::auth::Verifier;
use service::clock::Clock;

use crate::bare::dapr;
use crate::contest::median;
use crate::identity::Identity;
use crate::report::{Goal, Report, Row, note};

const JWKS: &str = "/oauth2/jwks";
/// Who takes the token in.
const AUDIENCE: &str = "catalog";
/// Pairs of batches, each one of ours and one of the control.
const PAIRS: usize = 21;
/// Verifications in each batch.
const BATCH: u32 = 1000;

/// Measures it.
pub async fn measure(target: &Target, identity: &Identity, report: &mut Report) -> Result<()> {
    note("verification of an access token");
    let token = identity.own_token(AUDIENCE).await?;
    let bare = Bare::of(&token, &identity.document(JWKS).await?)?;
    let verifier = Verifier::remote(
        dapr(&target.sidecar("bff")?)?,
        "identity",
        JWKS,
        target.public().as_str(),
        AUDIENCE,
        Clock::system(),
    );
    // The first one fetches the keys.
    ours(&verifier, &token).await?;
    bare.batch()?;
    let mut pairs = Vec::with_capacity(PAIRS);
    for nth in 0..PAIRS {
        // Each is first as often.
        pairs.push(if nth % 2 == 0 {
            let ours = ours(&verifier, &token).await?;
            (ours, bare.batch()?)
        } else {
            let bare = bare.batch()?;
            (ours(&verifier, &token).await?, bare)
        });
    }
    let [us, it] = [
        median(pairs.iter().map(|(ours, _)| *ours)),
        median(pairs.iter().map(|(_, bare)| *bare)),
    ];
    let ratio = median(pairs.iter().map(|(ours, bare)| bare / ours));
    report.rows([Row::ratio(
        "access token verified by a service / bare Ed25519",
        [us, it].map(|micros| format!("{micros:.1} µs")),
        ratio,
        Goal::None,
    )]);
    report.remark(format!(
        "Verification: the median of {PAIRS} pairs of {BATCH} each, one after the other on one thread, the issuer's keys at hand."
    ));
    Ok(())
}

/// Microseconds that the verifier takes for one.
async fn ours(verifier: &Verifier, token: &str) -> Result<f64> {
    let begin = Instant::now();
    for _ in 0..BATCH {
        let principal = verifier.verify(token).await;
        let principal = principal.map_err(|problem| anyhow!("{problem:?}"))?;
        ensure!(
            principal.client_id == "bff",
            "another caller: {principal:?}"
        );
    }
    Ok(each(begin.elapsed()))
}

fn each(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6 / f64::from(BATCH)
}

/// A token's signature, taken apart.
struct Bare {
    key: UnparsedPublicKey<Vec<u8>>,
    signed: String,
    signature: Vec<u8>,
}

impl Bare {
    fn of(token: &str, keys: &Value) -> Result<Self> {
        let (signed, signature) = token.rsplit_once('.').context("no token")?;
        let (header, _) = signed.split_once('.').context("no token")?;
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header)?)?;
        let keys = keys["keys"].as_array().context("no keys")?;
        let key = keys.iter().find(|key| key["kid"] == header["kid"]);
        let key = key.and_then(|key| key["x"].as_str());
        let key = URL_SAFE_NO_PAD.decode(key.context("the token's key is not published")?)?;
        Ok(Self {
            key: UnparsedPublicKey::new(&ED25519, key),
            signed: signed.to_owned(),
            signature: URL_SAFE_NO_PAD.decode(signature)?,
        })
    }

    /// Microseconds that one check of the signature takes.
    fn batch(&self) -> Result<f64> {
        let begin = Instant::now();
        for _ in 0..BATCH {
            let checked = self.key.verify(self.signed.as_bytes(), &self.signature);
            checked.map_err(|_| anyhow!("the signature is wrong"))?;
        }
        Ok(each(begin.elapsed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// RFC 8037, appendix A.4.
    const KEY: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
        hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    #[test]
    fn the_control_checks_the_signature() {
        let keys = json!({ "keys": [{ "x": KEY }] });
        let bare = Bare::of(TOKEN, &keys).expect("a token and its key");
        assert!(bare.batch().is_ok());
        let other = Bare::of(&TOKEN.replacen(".RX", ".RY", 1), &keys);
        assert!(other.expect("well formed").batch().is_err());
        assert!(Bare::of(TOKEN, &json!({ "keys": [{ "kid": "other", "x": KEY }] })).is_err());
    }
}
