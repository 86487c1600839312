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

/// A session that has just ended.
#[derive(Debug)]
pub struct Ended {
    /// Its id.
    pub id: Uuid,
    /// Whose it was.
    pub person: PersonId,
    /// The grants that end with it.
    pub grants: Vec<Uuid>,
}

/// Ends a session; nothing, if it has ended already.
pub async fn end(
    db: &mut PgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Ended>> {
    let row = sqlx::query!(
        r#"update sessions s set ended_at = $2 where id = $1 and ended_at is null
         returning id, person_id, array(select id from grants where session_id = s.id) as "grants!""#,
        id,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Ended {
        id: row.id,
        person: PersonId(row.person_id),
        grants: row.grants,
    }))
}

/// Whether a session of this person is in force.
pub async fn is_in_force(
    db: &mut PgConnection,
    id: Uuid,
    person: PersonId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
            select from sessions where id = $1 and person_id = $2 and ended_at is null and expires_at > $3
         ) as "exists!""#,
        id,
        person.0,
        now
    )
    .fetch_one(db)
    .await
}

/// Whose session this is, if it is in force.
pub async fn owner(
    db: &mut PgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<PersonId>> {
    let person = sqlx::query_scalar!(
        "select person_id from sessions where id = $1 and ended_at is null and expires_at > $2",
        id,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(person.map(PersonId))
}

/// The sessions of a person that are in force, the newest first.
pub async fn of_person(
    db: &mut PgConnection,
    person: PersonId,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Session>> {
    let rows = sqlx::query!(
        "select id, person_id, created_at from sessions
         where person_id = $1 and ended_at is null and expires_at > $2 order by created_at desc, id",
        person.0,
        now
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Session {
            id: row.id,
            person: PersonId(row.person_id),
            created_at: row.created_at,
        })
        .collect())
}

/// Removes every session that expired before this moment, with all that came from it.
pub async fn delete_expired(db: &mut PgConnection, before: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!("delete from sessions where expires_at < $1", before)
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}
