//! Sessions that ended before the tokens that came from them did: identity tells of each by an event.
//!
//! Invariant: a session is known here for as long as a token of it could still be accepted, and no longer. Whoever does
//! not hear of its end, because the broker is away or the process has just started, accepts those tokens until they
//! expire by themselves, after five minutes at most.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Extension;
use chrono::{DateTime, TimeDelta, Utc};
use dapr_kit::CloudEvent;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::delivery;
use crate::routes::Guard;

/// The event that tells of a session's end.
pub const SESSION_REVOKED: &str = "identity.session.revoked.v1";

/// The lifetime of an access token, and a bit for clocks that differ.
const KEPT: TimeDelta = TimeDelta::seconds(310);

/// The sessions that ended lately, each with the moment from which nobody needs to know. Clones share.
#[derive(Clone, Default)]
pub struct Revoked(Arc<RwLock<HashMap<Uuid, DateTime<Utc>>>>);

impl Revoked {
    /// Notes that this session has ended.
    pub fn add(&self, session: Uuid, now: DateTime<Utc>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, until| *until > now);
        known.insert(session, now + KEPT);
    }

    /// Whether this session ended lately.
    #[must_use]
    pub fn contains(&self, session: Uuid) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.contains_key(&session)
    }
}

/// The data of [`SESSION_REVOKED`], as far as it is read.
#[derive(Deserialize)]
struct SessionEnded {
    sid: Uuid,
}

/// The session whose end an event tells of; none, if it tells of something else.
pub fn ended_session(event: &CloudEvent<Value>) -> Result<Option<Uuid>, serde_json::Error> {
    if event.kind != SESSION_REVOKED {
        return Ok(None);
    }
    let SessionEnded { sid } = SessionEnded::deserialize(&event.data)?;
    Ok(Some(sid))
}

/// `POST /events/identity`: from now on no token of an ended session is accepted here. Other events of identity are
/// nothing to it. Every replica must hear each event, so the subscription is one of `pubsub-live`.
pub async fn hear(Extension(guard): Extension<Guard>, event: CloudEvent<Value>) -> StatusCode {
    delivery::answer(async {
        if let Some(sid) = ended_session(&event)? {
            guard.verifier().revoke(sid);
            tracing::info!(event.id, session.id = %sid, "tokens of an ended session are refused");
        }
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_forgotten_when_no_token_of_it_can_be_valid() {
        let (revoked, start) = (Revoked::default(), DateTime::UNIX_EPOCH);
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        revoked.add(first, start);
        revoked.add(second, start + TimeDelta::seconds(309));
        assert!(revoked.contains(first) && revoked.contains(second));
        revoked.add(second, start + TimeDelta::seconds(310));
        assert!(!revoked.contains(first) && revoked.contains(second));
    }
}
