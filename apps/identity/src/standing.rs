//! Whether a grant still stands, and what its person may do: asked at every token exchange.
//!
//! The truth is in PostgreSQL. The answer is kept for [`KEPT`] in the Dapr state store and deleted on revocation, so
//! that an exchange costs one look at Redis. Invariant: an answer from the cache is at most [`KEPT`] old, and Redis
//! being away, slow or empty changes nothing but the time it takes.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dapr_kit::{Dapr, DaprError};
use serde::{Deserialize, Serialize};
use service::database;
use uuid::Uuid;

use crate::error::Failure;
use crate::role::Role;
use crate::state::App;
use crate::store;

/// How long an answer is kept.
pub const KEPT: Duration = Duration::from_mins(1);
/// How long the cache may take; PostgreSQL is faster than waiting any longer.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a grant that stands amounts to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The session it belongs to.
    pub session: Uuid,
    /// The person who signed in.
    pub person: Uuid,
    /// Her roles.
    pub roles: Vec<Role>,
    /// The stores she works at.
    pub stores: Vec<Uuid>,
    /// When the session ends by itself.
    pub expires_at: DateTime<Utc>,
}

/// What is kept: an answer, and the access token whose use has been written down already.
#[derive(Serialize, Deserialize)]
struct Kept {
    access: Uuid,
    standing: Standing,
}

/// A store of short-lived values that may vanish at any time.
#[async_trait]
pub trait Cache: Send + Sync {
    /// The value under `key`, if it is there.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, DaprError>;
    /// Keeps a value under `key` for [`KEPT`].
    async fn put(&self, key: &str, value: Vec<u8>) -> Result<(), DaprError>;
    /// Forgets `key`.
    async fn delete(&self, key: &str) -> Result<(), DaprError>;
}

/// The Dapr state store as a cache.
pub struct StateStore(pub Dapr);

const STORE: &str = "statestore";

#[async_trait]
impl Cache for StateStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, DaprError> {
        self.0.state_get(STORE, key).await
    }

    async fn put(&self, key: &str, value: Vec<u8>) -> Result<(), DaprError> {
        self.0.state_save(STORE, key, value, KEPT).await
    }

    async fn delete(&self, key: &str) -> Result<(), DaprError> {
        self.0.state_delete(STORE, key).await
    }
}

/// The standing of a grant whose access token `access` is being used; `None` once it has ended.
///
/// The first use of each access token is written down: from then on the refresh token before it is dead for good.
pub async fn of_grant(app: &App, grant: Uuid, access: Uuid) -> Result<Option<Standing>, Failure> {
    // No access token outlives its session, so whoever shows one that is valid needs no look at the clock here.
    let kept = patient(app.cache.get(&key(grant))).await;
    if let Some(Some(value)) = &kept
        && let Some(standing) = kept_for(value, access)
    {
        return Ok(Some(standing));
    }
    let now = app.clock.now();
    let mut db = database::begin(&app.db).await?;
    store::grants::mark_used(&mut db, grant, access, now).await?;
    let standing = store::grants::standing(&mut db, grant, now).await?;
    db.commit().await?;
    // A cache that has just failed is not waited for a second time.
    if let (Some(standing), Some(_)) = (&standing, kept) {
        keep(app, grant, access, standing).await;
    }
    Ok(standing)
}

/// Deletes what is kept of grants that have just ended. What can't be deleted is gone after [`KEPT`].
pub async fn forget(app: &App, grants: &[Uuid]) {
    for grant in grants {
        if patient(app.cache.delete(&key(*grant))).await.is_none() {
            tracing::warn!("a grant that has ended may stay cached for a minute");
        }
    }
}

fn kept_for(value: &[u8], access: Uuid) -> Option<Standing> {
    let kept: Kept = serde_json::from_slice(value).ok()?;
    (kept.access == access).then_some(kept.standing)
}

async fn keep(app: &App, grant: Uuid, access: Uuid, standing: &Standing) {
    let kept = Kept {
        access,
        standing: standing.clone(),
    };
    if let Ok(value) = serde_json::to_vec(&kept) {
        patient(app.cache.put(&key(grant), value)).await;
    }
}

/// What the cache says, unless it fails or takes too long.
async fn patient<T>(call: impl Future<Output = Result<T, DaprError>>) -> Option<T> {
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            tracing::debug!(%error, "going on without the cache");
            None
        }
        Err(_) => {
            tracing::debug!("going on without the cache, which takes too long");
            None
        }
    }
}

fn key(grant: Uuid) -> String {
    format!("grant-{grant}")
}
