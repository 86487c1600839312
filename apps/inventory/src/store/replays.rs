//! Answers under idempotency keys.
//!
//! Invariant: an answer is written in the transaction of its command, which claimed the key first.

use chrono::{DateTime, Utc};
use serde_json::Value;
use service::idempotency::{Fingerprint, Scope};
use sqlx::PgConnection;

use super::Result;

/// Claims a key, unless it has an answer from after `since`; says whether it did. Waits for another transaction that is
/// claiming it.
pub async fn claim(
    connection: &mut PgConnection,
    scope: &Scope,
    fingerprint: &Fingerprint,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<bool> {
    let claimed = sqlx::query!(
        "INSERT INTO replays AS stored (subject, route, key, fingerprint, stored_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (subject, route, key) DO UPDATE
         SET fingerprint = excluded.fingerprint, response = NULL, stored_at = excluded.stored_at
         WHERE stored.stored_at <= $6",
        scope.subject,
        scope.route,
        scope.key.as_str(),
        fingerprint.as_ref(),
        now,
        since,
    )
    .execute(connection)
    .await?;
    Ok(claimed.rows_affected() == 1)
}

/// Stores the answer under a key that the caller's transaction has claimed.
pub async fn answer(connection: &mut PgConnection, scope: &Scope, response: &Value) -> Result<()> {
    sqlx::query!(
        "UPDATE replays SET response = $4 WHERE subject = $1 AND route = $2 AND key = $3",
        scope.subject,
        scope.route,
        scope.key.as_str(),
        response,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The answer under a key, if it answered the command of this fingerprint.
pub async fn find(
    connection: &mut PgConnection,
    scope: &Scope,
    fingerprint: &Fingerprint,
) -> Result<Option<Value>> {
    let found = sqlx::query_scalar!(
        "SELECT response FROM replays WHERE subject = $1 AND route = $2 AND key = $3 AND fingerprint = $4",
        scope.subject,
        scope.route,
        scope.key.as_str(),
        fingerprint.as_ref(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.flatten())
}

/// Deletes the answers stored before `since`; says how many.
pub async fn forget(connection: &mut PgConnection, since: DateTime<Utc>) -> Result<u64> {
    let deleted = sqlx::query!("DELETE FROM replays WHERE stored_at <= $1", since)
        .execute(connection)
        .await?;
    Ok(deleted.rows_affected())
}
