//! A provider's keys.
//!
//! Invariant: a key has one algorithm, which it says itself or which its kind leaves no choice of; a token's header only
//! picks among keys. Secrets shared with a provider sign nothing here.

use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::FederationError;
use super::http::Http;

/// A key that may sign ID tokens. Cheap to clone.
#[derive(Clone)]
pub struct Key {
    /// Its one algorithm.
    pub algorithm: Algorithm,
    /// To verify with.
    pub verifying: Arc<DecodingKey>,
    id: Option<String>,
}

/// All of a provider's.
pub struct KeySet(Vec<Key>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Asks for them.
    pub async fn fetch(http: &Http, address: &Url) -> Result<Self, FederationError> {
        let document: Document = http.json(address, None).await?;
        Ok(Self::usable(document))
    }

    /// Those that we can use; whatever else a provider publishes is left out.
    fn usable(document: Document) -> Self {
        let keys = document.keys.into_iter().filter_map(|key| {
            let key: Jwk = serde_json::from_value(key).ok()?;
            Some(Key {
                algorithm: algorithm(&key)?,
                verifying: Arc::new(DecodingKey::from_jwk(&key).ok()?),
                id: key.common.key_id,
            })
        });
        Self(keys.collect())
    }

    /// The one that a token's header means: by its id, or the only one there is for a token that names none.
    pub fn find(&self, header: &Header) -> Option<Key> {
        let mut meant = self.0.iter().filter(|key| key.algorithm == header.alg);
        match &header.kid {
            Some(id) => meant.find(|key| key.id.as_ref() == Some(id)).cloned(),
            None => meant.next().filter(|_| meant.next().is_none()).cloned(),
        }
    }
}

fn algorithm(key: &Jwk) -> Option<Algorithm> {
    let signs = matches!(
        key.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    );
    let (algorithm, named) = match &key.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    let said = key.common.key_algorithm;
    (signs && said.is_none_or(|said| said == named)).then_some(algorithm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rsa(changes: &Value) -> Value {
        let mut key = testkit::rsa::jwk();
        for (name, value) in changes.as_object().expect("members") {
            key[name] = value.clone();
        }
        key
    }

    fn header(algorithm: Algorithm, id: Option<&str>) -> Header {
        let mut header = Header::new(algorithm);
        header.kid = id.map(str::to_owned);
        header
    }

    #[test]
    fn a_key_signs_by_its_own_algorithm_alone() {
        let octets = json!({"kty": "oct", "kid": "shared", "alg": "HS256", "k": "AAAA"});
        let curve = json!({
            "kty": "OKP", "crv": "Ed25519", "kid": "ed",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        let keys = vec![
            octets,
            curve,
            rsa(&json!({"kid": "rsa"})),
            rsa(&json!({"kid": "pss", "alg": "PS256"})),
            rsa(&json!({"kid": "sealing", "use": "enc"})),
            json!({"kty": "nobody knows", "kid": "new"}),
            json!("no key"),
        ];
        let keys = KeySet::usable(Document { keys });
        let mut ids: Vec<_> = keys.0.iter().filter_map(|key| key.id.clone()).collect();
        ids.sort();
        assert_eq!(ids, ["ed", "rsa"]);
        assert!(keys.find(&header(Algorithm::RS256, Some("rsa"))).is_some());
        assert!(keys.find(&header(Algorithm::EdDSA, Some("ed"))).is_some());
        for (algorithm, id) in [
            (Algorithm::HS256, "rsa"),
            (Algorithm::HS256, "shared"),
            (Algorithm::PS256, "rsa"),
            (Algorithm::RS256, "pss"),
            (Algorithm::RS256, "sealing"),
            (Algorithm::RS256, "ed"),
            (Algorithm::RS256, "unknown"),
        ] {
            assert!(keys.find(&header(algorithm, Some(id))).is_none(), "{id}");
        }
    }

    #[test]
    fn a_token_that_names_no_key_means_the_only_one() {
        let none = header(Algorithm::RS256, None);
        let one = vec![rsa(&json!({"kid": "a"}))];
        assert!(KeySet::usable(Document { keys: one }).find(&none).is_some());
        let two = vec![rsa(&json!({"kid": "a"})), rsa(&json!({"kid": "b"}))];
        assert!(KeySet::usable(Document { keys: two }).find(&none).is_none());
    }
}
