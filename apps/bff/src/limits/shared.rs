//! Limits that all replicas count together, in the state store.
//!
//! Invariant: they only ever add to the local ones. A store that is away, slow or contended lets the request go on, and a
//! metric says so: nobody is kept from signing in because Redis is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use dapr_kit::DaprError;
use service::rate::{Count, Verdict};

use super::{Counter, Limit, Origin};

/// The metric: how the shared count answered, by `outcome`.
pub const ANSWERS: &str = "crema_shared_limits_asked_total";
/// Its values.
const OUTCOMES: [&str; 4] = ["allowed", "refused", "contended", "away"];
/// A store that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_millis(250);
/// A store that was away is asked again after this.
const PAUSE: TimeDelta = TimeDelta::seconds(1);
/// How often a count is tried that others change at the same time.
const TRIES: usize = 4;

/// The shared limits. Cheap to clone.
#[derive(Clone)]
pub(super) struct Shared {
    counter: Arc<dyn Counter>,
    /// In milliseconds of the epoch.
    away_until: Arc<AtomicI64>,
}

enum Counted {
    Allowed,
    Refused(Verdict),
    Contended,
}

impl Shared {
    pub fn new(counter: Arc<dyn Counter>) -> Self {
        // An alert looks for growth, which needs a first value.
        for outcome in OUTCOMES {
            metrics::counter!(ANSWERS, "outcome" => outcome).increment(0);
        }
        Self {
            counter,
            away_until: Arc::default(),
        }
    }

    /// The judgement, if it is a refusal.
    pub async fn charge(
        &self,
        limit: Limit,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Option<Verdict> {
        let (outcome, refusal) = match self.ask(limit, origin, now).await {
            Some(Counted::Allowed) => ("allowed", None),
            Some(Counted::Refused(verdict)) => ("refused", Some(verdict)),
            Some(Counted::Contended) => ("contended", None),
            None => ("away", None),
        };
        metrics::counter!(ANSWERS, "outcome" => outcome).increment(1);
        refusal
    }

    /// `None` while the store is away.
    async fn ask(&self, limit: Limit, origin: Origin, now: DateTime<Utc>) -> Option<Counted> {
        if now.timestamp_millis() < self.away_until.load(Ordering::Relaxed) {
            return None;
        }
        let counted = tokio::time::timeout(PATIENCE, self.count(limit, origin, now)).await;
        let reason = match counted {
            Ok(Ok(counted)) => return Some(counted),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(
            reason,
            "the shared limits are away: each replica counts alone"
        );
        let until = (now + PAUSE).timestamp_millis();
        self.away_until.store(until, Ordering::Relaxed);
        None
    }

    async fn count(
        &self,
        limit: Limit,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<Counted, DaprError> {
        let key = key(limit, origin);
        let ttl = Duration::from_secs(u64::from(limit.quota.seconds) + 1);
        for _ in 0..TRIES {
            let known = self.counter.read(&key).await?;
            // What is no number was not written by us; it is written over.
            let count = known
                .as_ref()
                .and_then(|known| std::str::from_utf8(&known.value).ok()?.parse().ok());
            let verdict = limit.quota.judge(Count(count.unwrap_or_default()), now);
            let Some(Count(after)) = verdict.count else {
                return Ok(Counted::Refused(verdict));
            };
            let etag = known.as_ref().map(|known| known.etag.as_str());
            let value = after.to_string().into_bytes();
            if self.counter.replace(&key, value, etag, ttl).await? {
                return Ok(Counted::Allowed);
            }
        }
        Ok(Counted::Contended)
    }
}

/// The state store learns no address.
fn key(limit: Limit, origin: Origin) -> String {
    let hash = digest(&SHA256, origin.name().as_bytes());
    format!("limit-{}-{}", limit.name, URL_SAFE_NO_PAD.encode(hash))
}
