//! Sign-in sessions.
//!
//! Invariant: a session that ended stays ended, and so do its grants.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::opaque::Hash;
use crate::person::PersonId;
use crate::session::Session;

/// Adds a session.
pub async fn insert(
    db: &mut PgConnection,
    session: &Session,
    cookie: &Hash,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into sessions (id, person_id, cookie, created_at, expires_at) values ($1, $2, $3, $4, $5)",
        session.id,
        session.person.0,
        cookie,
        session.created_at,
        expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The session of this cookie, if it is in force.
pub async fn by_cookie(
    db: &mut PgConnection,
    cookie: &Hash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Session>> {
    let row = sqlx::query!(
        "select id, person_id, created_at from sessions
         where cookie = $1 and ended_at is null and expires_at > $2",
        cookie,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Session {
        id: row.id,
        person: PersonId(row.person_id),
        created_at: row.created_at,
    }))
}

/// Ends a session; the grants that end with it.
pub async fn end(db: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "with ended as (
            update sessions set ended_at = $2 where id = $1 and ended_at is null returning id
         )
         select grants.id from grants join ended on grants.session_id = ended.id",
        id,
        now
    )
    .fetch_all(db)
    .await
}

/// Removes every session that expired before this moment, with all that came from it.
pub async fn delete_expired(db: &mut PgConnection, before: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!("delete from sessions where expires_at < $1", before)
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}
