//! The answers to commands, by their idempotency keys.
//!
//! Invariant: an answer is stored in the transaction of its command, and once until it is too old to count.

use chrono::{DateTime, Utc};
use serde_json::Value;
use service::idempotency::{Fingerprint, KeyError, Scope};
use sqlx::PgConnection;

use crate::store::Result;

/// A stored answer, with the fingerprint of the command that it answered.
#[derive(Debug)]
pub struct Replay {
    /// Of the command.
    pub fingerprint: Vec<u8>,
    /// The answer's body.
    pub response: Value,
}

impl Replay {
    /// The stored answer, if it answered this very command.
    pub fn answer_to(self, fingerprint: &Fingerprint) -> std::result::Result<Value, KeyError> {
        if self.fingerprint == fingerprint.as_ref() {
            Ok(self.response)
        } else {
            Err(KeyError::Reused)
        }
    }
}

/// The answer stored under this key after `since`.
pub async fn find(
    connection: &mut PgConnection,
    scope: &Scope,
    since: DateTime<Utc>,
) -> Result<Option<Replay>> {
    sqlx::query_as!(
        Replay,
        "SELECT fingerprint, response FROM replays
         WHERE subject = $1 AND route = $2 AND key = $3 AND stored_at > $4",
        scope.subject,
        scope.route,
        scope.key.as_str(),
        since,
    )
    .fetch_optional(connection)
    .await
}

/// Stores the answer to a command, unless its key has one from after `since`; says whether it did. Waits for another
/// transaction that is storing the same key.
pub async fn claim(
    connection: &mut PgConnection,
    scope: &Scope,
    fingerprint: &Fingerprint,
    response: &Value,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<bool> {
    let claimed = sqlx::query!(
        "INSERT INTO replays AS stored (subject, route, key, fingerprint, response, stored_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (subject, route, key) DO UPDATE
         SET fingerprint = excluded.fingerprint, response = excluded.response, stored_at = excluded.stored_at
         WHERE stored.stored_at <= $7",
        scope.subject,
        scope.route,
        scope.key.as_str(),
        fingerprint.as_ref(),
        response,
        now,
        since,
    )
    .execute(connection)
    .await?;
    Ok(claimed.rows_affected() == 1)
}

/// Deletes the answers stored before `since`; says how many.
pub async fn forget(connection: &mut PgConnection, since: DateTime<Utc>) -> Result<u64> {
    let deleted = sqlx::query!("DELETE FROM replays WHERE stored_at <= $1", since)
        .execute(connection)
        .await?;
    Ok(deleted.rows_affected())
}
