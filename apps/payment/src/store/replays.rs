//! Which refund an Idempotency-Key stands for.
//!
//! Invariant: a key is claimed in the transaction of the refund that it stands for.

use chrono::{DateTime, Utc};
use service::idempotency::{Fingerprint, KeyError, Scope};
use sqlx::PgConnection;

use super::Result;
use crate::operation::OperationId;

/// A key's refund, with the fingerprint of the command that asked for it.
#[derive(Debug)]
pub struct Replay {
    /// Of the command.
    pub fingerprint: Vec<u8>,
    /// The refund.
    pub operation_id: OperationId,
}

impl Replay {
    /// The refund that the key stands for, if it was asked for by this very command.
    pub fn refund_of(
        self,
        fingerprint: &Fingerprint,
    ) -> std::result::Result<OperationId, KeyError> {
        if self.fingerprint == fingerprint.as_ref() {
            Ok(self.operation_id)
        } else {
            Err(KeyError::Reused)
        }
    }
}

/// What this key has stood for since `since`.
pub async fn find(
    connection: &mut PgConnection,
    scope: &Scope,
    since: DateTime<Utc>,
) -> Result<Option<Replay>> {
    sqlx::query_as!(
        Replay,
        r#"SELECT fingerprint, operation_id AS "operation_id: OperationId" FROM replays
           WHERE subject = $1 AND route = $2 AND key = $3 AND stored_at > $4"#,
        scope.subject,
        scope.route,
        scope.key.as_str(),
        since,
    )
    .fetch_optional(connection)
    .await
}

/// Lets a key stand for a refund, unless it stands for one since `since`; says whether it does now.
pub async fn claim(
    connection: &mut PgConnection,
    scope: &Scope,
    fingerprint: &Fingerprint,
    operation: OperationId,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<bool> {
    let claimed = sqlx::query!(
        "INSERT INTO replays AS stored (subject, route, key, fingerprint, operation_id, stored_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (subject, route, key) DO UPDATE
         SET fingerprint = excluded.fingerprint, operation_id = excluded.operation_id, stored_at = excluded.stored_at
         WHERE stored.stored_at <= $7",
        scope.subject,
        scope.route,
        scope.key.as_str(),
        fingerprint.as_ref(),
        operation.0,
        now,
        since,
    )
    .execute(connection)
    .await?;
    Ok(claimed.rows_affected() == 1)
}

/// Forgets the keys stored before `since`; says how many.
pub async fn forget(connection: &mut PgConnection, since: DateTime<Utc>) -> Result<u64> {
    let forgotten = sqlx::query!("DELETE FROM replays WHERE stored_at <= $1", since)
        .execute(connection)
        .await?;
    Ok(forgotten.rows_affected())
}
