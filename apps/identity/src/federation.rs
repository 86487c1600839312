//! Signing in by another OpenID provider: which ones there are, and what we know of them.
//!
//! Invariant: a provider is named by the operator alone, its issuer compared byte for byte; nothing that it publishes
//! makes us ask another than its own addresses, or ask them unencrypted.

mod discovery;
mod exchange;
pub mod http;
mod id_token;
mod keys;
pub mod provider;
pub mod request;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};
use dapr_kit::{Secret, Secrets};
use service::clock::Clock;

use discovery::Metadata;
pub use exchange::{Answer, Subject};
use http::{Http, HttpError};
use keys::{Key, KeySet};
pub use provider::Provider;

/// How long what a provider publishes is believed.
const KEPT: Duration = Duration::hours(1);
/// A key that is not among the known ones makes us look again at most this often.
const REFETCH: Duration = Duration::seconds(10);

/// Why a provider signs nobody in.
#[derive(Debug, thiserror::Error)]
pub enum FederationError {
    /// It can't be asked.
    #[error("the provider can't be asked")]
    Away(#[from] HttpError),
    /// It answers what no provider answers, or refuses us.
    #[error("the provider's {0} is not what it must be")]
    Malformed(&'static str),
    /// What came from it proves nothing.
    #[error("the {0} of what the provider sent is refused")]
    Refused(&'static str),
}

impl FederationError {
    /// What to put on record.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Away(_) => "away",
            Self::Malformed(word) | Self::Refused(word) => word,
        }
    }
}

/// The providers of this installation. Cheap to clone.
#[derive(Clone)]
pub struct Federation {
    secret: Secrets,
    http: Http,
    clock: Clock,
    read: Arc<Mutex<Option<Read>>>,
    known: Arc<Mutex<HashMap<String, Slot>>>,
}

/// What was read of a value of the secret.
struct Read {
    from: Arc<Secret>,
    providers: Arc<[Provider]>,
}

type Slot = Arc<tokio::sync::Mutex<Known>>;

/// What one provider has published.
#[derive(Default)]
struct Known {
    metadata: Option<(Arc<Metadata>, DateTime<Utc>)>,
    keys: Option<(KeySet, DateTime<Utc>)>,
    looked_again_at: Option<DateTime<Utc>>,
}

impl Federation {
    /// The providers that the secret `federation` names, asked by `http`.
    #[must_use]
    pub fn new(secret: Secrets, http: Http, clock: Clock) -> Self {
        Self {
            secret,
            http,
            clock,
            read: Arc::default(),
            known: Arc::default(),
        }
    }

    /// The providers, in the order in which the operator names them.
    #[must_use]
    pub fn providers(&self) -> Arc<[Provider]> {
        let current = self.secret.current();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = &*read
            && Arc::ptr_eq(&read.from, &current)
        {
            return read.providers.clone();
        }
        let providers: Arc<[Provider]> = Provider::all(&current, self.http.reach()).into();
        *read = Some(Read {
            from: current,
            providers: providers.clone(),
        });
        providers
    }

    /// The provider of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Provider> {
        let providers = self.providers();
        providers
            .iter()
            .find(|provider| provider.name == name)
            .cloned()
    }

    /// What a provider publishes of itself.
    async fn metadata(&self, provider: &Provider) -> Result<Arc<Metadata>, FederationError> {
        let slot = self.slot(&provider.issuer);
        let mut known = slot.lock().await;
        let now = self.clock.now();
        if let Some((metadata, at)) = &known.metadata
            && now < *at + KEPT
        {
            return Ok(metadata.clone());
        }
        let metadata = Arc::new(Metadata::fetch(&self.http, &provider.issuer).await?);
        known.metadata = Some((metadata.clone(), now));
        Ok(metadata)
    }

    /// The key that a token's header means.
    async fn key(
        &self,
        provider: &Provider,
        metadata: &Metadata,
        header: &jsonwebtoken::Header,
    ) -> Result<Key, FederationError> {
        let slot = self.slot(&provider.issuer);
        let mut known = slot.lock().await;
        let now = self.clock.now();
        if let Some((keys, at)) = &known.keys
            && now < *at + KEPT
        {
            if let Some(key) = keys.find(header) {
                return Ok(key);
            }
            let again = known.looked_again_at.is_none_or(|at| at + REFETCH <= now);
            if !again {
                return Err(FederationError::Refused("key"));
            }
            known.looked_again_at = Some(now);
        }
        let keys = KeySet::fetch(&self.http, &metadata.jwks_uri).await?;
        let found = keys.find(header);
        known.keys = Some((keys, now));
        found.ok_or(FederationError::Refused("key"))
    }

    fn slot(&self, issuer: &str) -> Slot {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(issuer.to_owned()).or_default().clone()
    }
}
