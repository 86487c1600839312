//! The provider's messages that were taken.
//!
//! Invariant: one id is taken once, in the transaction of what it causes.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::Result;

/// Takes a message, unless it was taken before; says whether it did.
pub async fn take(
    connection: &mut PgConnection,
    id: &str,
    kind: &str,
    reference: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let taken = sqlx::query!(
        "INSERT INTO webhook_events (id, type, reference, received_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        id,
        kind,
        reference,
        at,
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Forgets the messages taken before `since`; says how many.
pub async fn forget(connection: &mut PgConnection, since: DateTime<Utc>) -> Result<u64> {
    let forgotten = sqlx::query!("DELETE FROM webhook_events WHERE received_at <= $1", since)
        .execute(connection)
        .await?;
    Ok(forgotten.rows_affected())
}
