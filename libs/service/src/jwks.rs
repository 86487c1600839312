//! The issuer's public keys: fetched when first needed, kept while the issuer is away.
//!
//! An unknown key id causes one fetch at a time and at most one each few seconds, so that forged ids
//! cause no storm.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use dapr_kit::{Dapr, InvokeError};
use http::{Method, StatusCode};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, JwkSet};

/// The least time between two fetches that an unknown key id caused.
const PAUSE: Duration = Duration::from_secs(5);

type KeyMap = HashMap<String, Arc<DecodingKey>>;

/// Keys by their id.
#[derive(Clone)]
pub(crate) struct Keys {
    known: Arc<RwLock<KeyMap>>,
    source: Source,
}

/// Who knows a key that is not among the known ones.
#[derive(Clone)]
enum Source {
    /// Nobody.
    Nobody,
    /// The issuer, which is another application.
    Issuer(Arc<Issuer>),
    /// We, being the issuer.
    Ourselves(Arc<Find>),
}

type Find = dyn Fn(&str) -> Option<DecodingKey> + Send + Sync;

struct Issuer {
    dapr: Dapr,
    app: String,
    path: String,
    last: tokio::sync::Mutex<Option<Instant>>,
}

/// The keys could not be fetched, and none that fits is known.
#[derive(Debug, thiserror::Error)]
#[error("the issuer's keys can't be fetched")]
pub(crate) struct NoKeys(#[from] InvokeError);

impl Keys {
    pub(crate) fn remote(dapr: Dapr, app: &str, path: &str) -> Self {
        let issuer = Issuer {
            dapr,
            app: app.into(),
            path: path.into(),
            last: tokio::sync::Mutex::default(),
        };
        Self {
            known: Arc::default(),
            source: Source::Issuer(Arc::new(issuer)),
        }
    }

    pub(crate) fn local(keys: &JwkSet) -> Self {
        Self {
            known: Arc::new(RwLock::new(usable(keys))),
            source: Source::Nobody,
        }
    }

    pub(crate) fn own(find: impl Fn(&str) -> Option<DecodingKey> + Send + Sync + 'static) -> Self {
        Self {
            known: Arc::default(),
            source: Source::Ourselves(Arc::new(find)),
        }
    }

    pub(crate) fn replace(&self, keys: &JwkSet) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = usable(keys);
    }

    /// The key called `kid`; nothing, if the issuer has none of that name.
    pub(crate) async fn get(&self, kid: &str) -> Result<Option<Arc<DecodingKey>>, NoKeys> {
        if let Some(key) = self.lookup(kid) {
            return Ok(Some(key));
        }
        let source = match &self.source {
            Source::Nobody => return Ok(None),
            Source::Ourselves(find) => return Ok(find(kid).map(Arc::new)),
            Source::Issuer(source) => source,
        };
        let mut last = source.last.lock().await;
        // Another caller may have fetched while this one waited for the lock.
        if let Some(key) = self.lookup(kid) {
            return Ok(Some(key));
        }
        if last.is_some_and(|last| last.elapsed() < PAUSE) {
            return Ok(None);
        }
        let reply = source
            .dapr
            .invoke(&source.app, Method::GET, &source.path)
            .send()
            .await?;
        if reply.status != StatusCode::OK {
            return Err(NoKeys(InvokeError::Malformed {
                app: source.app.clone(),
                reason: format!("the key set answered {}", reply.status),
            }));
        }
        self.replace(&reply.json()?);
        // Only a fetch that worked starts the pause: an issuer that was away is asked again at once.
        *last = Some(Instant::now());
        Ok(self.lookup(kid))
    }

    fn lookup(&self, kid: &str) -> Option<Arc<DecodingKey>> {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(kid)
            .cloned()
    }
}

/// The Ed25519 keys of a set; keys for other algorithms are for other audiences.
fn usable(keys: &JwkSet) -> KeyMap {
    keys.keys
        .iter()
        .filter(|key| {
            matches!(&key.algorithm, AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519)
        })
        .filter_map(|key| {
            let kid = key.common.key_id.clone()?;
            Some((kid, Arc::new(DecodingKey::from_jwk(key).ok()?)))
        })
        .collect()
}
