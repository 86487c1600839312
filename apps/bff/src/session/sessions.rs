//! Making, finding and ending sessions.
//!
//! Invariant: a session that has timed out, or whose sign-in ended at identity, is found no more, even while the store
//! still holds it. One that ended at another replica is found for a moment at most.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dapr_kit::DaprError;
use service::clock::Clock;
use service::ids::{Ids, NoRandomness};
use service::revoked::Revoked;
use uuid::Uuid;

use super::flights::Flights;
use super::recent::Recent;
use super::{Grant, Person, Session, SessionId, SessionKey, StateStore};
use crate::seal::{SealError, Sealer};

/// The sessions could not be reached or written.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The state store did not answer.
    #[error("the state store of the sessions failed")]
    Store(#[from] DaprError),
    /// There is no usable key.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// No id could be made.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// A session could not be written as JSON.
    #[error("a session could not be written")]
    Encode(#[from] serde_json::Error),
}

/// All sessions of this platform. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    store: Arc<dyn StateStore>,
    sealer: Sealer,
    clock: Clock,
    ids: Ids,
    revoked: Revoked,
    recent: Arc<Recent>,
    pub(super) flights: Arc<Flights>,
}

impl Sessions {
    /// Sessions kept in this store, sealed by this sealer.
    #[must_use]
    pub fn new(store: Arc<dyn StateStore>, sealer: Sealer, clock: Clock, ids: Ids) -> Self {
        Self {
            store,
            sealer,
            clock,
            ids,
            revoked: Revoked::default(),
            recent: Arc::default(),
            flights: Arc::default(),
        }
    }

    /// Starts a session under an id that never was.
    pub async fn begin(&self, person: Person, grant: Grant) -> Result<SessionId, SessionError> {
        let id = SessionId::new(self.ids.random()?);
        let now = self.now();
        let session = Session {
            person,
            grant,
            created_at: now,
            seen_at: now,
        };
        self.save(&id.key(), &session).await?;
        Ok(id)
    }

    /// The session of this key, unless it has ended.
    pub async fn find(&self, key: &SessionKey) -> Result<Option<Session>, SessionError> {
        match self.recent.get(key, self.now()) {
            Ok(session) => Ok(Some(session).filter(|session| self.stands(session))),
            Err(era) => {
                let session = self.read(key).await?;
                if let Some(session) = &session {
                    self.recent.keep(era, key, session, self.now());
                }
                Ok(session)
            }
        }
    }

    /// The same as the store has it now, whatever was found a moment ago.
    pub async fn read(&self, key: &SessionKey) -> Result<Option<Session>, SessionError> {
        let Some(sealed) = self.store.get(key.as_str()).await? else {
            return Ok(None);
        };
        // What can't be opened is as good as gone: sealed by a key that was rotated out, or tampered with.
        let session = self
            .sealer
            .open(key.as_str(), &sealed)
            .ok()
            .and_then(|plain| serde_json::from_slice::<Session>(&plain).ok());
        if session.is_none() {
            tracing::warn!(session = key.as_str(), "a stored session can't be opened");
        }
        Ok(session.filter(|session| self.stands(session)))
    }

    fn stands(&self, session: &Session) -> bool {
        let sign_in = session.person.sign_in;
        self.now() < session.ends_at() && !sign_in.is_some_and(|id| self.revoked.contains(id))
    }

    /// Finds no more what came from this session at identity, which has ended. By the time this is forgotten, its access
    /// token has expired and identity refuses to renew it.
    pub fn revoke(&self, sign_in: Uuid) {
        self.revoked.add(sign_in, self.now());
    }

    /// Ends the session of this key; one that is not there is no error.
    pub async fn end(&self, key: &SessionKey) -> Result<(), SessionError> {
        let ended = self.store.remove(key.as_str()).await;
        self.recent.forget(key);
        Ok(ended?)
    }

    pub(super) async fn save(
        &self,
        key: &SessionKey,
        session: &Session,
    ) -> Result<(), SessionError> {
        let plain = serde_json::to_vec(session)?;
        let sealed = self.sealer.seal(key.as_str(), plain)?;
        let left = (session.ends_at() - self.now())
            .to_std()
            .unwrap_or_default();
        let saved = self.store.put(key.as_str(), sealed, left).await;
        self.recent.forget(key);
        Ok(saved?)
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}
