//! The accounts that were removed lately.
//!
//! Invariant: a row is an account that was removed; it names a person by her id and by nothing else.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::Result;
use crate::shipment::CustomerId;

/// Notes that an account was removed.
pub async fn insert(
    connection: &mut PgConnection,
    person: CustomerId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO closed_accounts (person, closed_at) VALUES ($1, $2)
         ON CONFLICT (person) DO UPDATE SET closed_at = excluded.closed_at",
        person.0,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Those that are noted.
pub async fn all(connection: &mut PgConnection) -> Result<Vec<CustomerId>> {
    sqlx::query_scalar!(
        r#"SELECT person AS "person: CustomerId" FROM closed_accounts ORDER BY person"#
    )
    .fetch_all(connection)
    .await
}

/// Drops the notes of before `then`.
pub async fn forget(connection: &mut PgConnection, then: DateTime<Utc>) -> Result<()> {
    sqlx::query!("DELETE FROM closed_accounts WHERE closed_at < $1", then)
        .execute(connection)
        .await?;
    Ok(())
}
