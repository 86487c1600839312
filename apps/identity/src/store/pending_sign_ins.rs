//! Sign-ins whose password was right and that still want a second factor.
//!
//! Invariant: one of these opens nothing but the page that asks for the second factor.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::opaque::Hash;
use crate::person::PersonId;

/// Adds one.
pub async fn insert(
    db: &mut PgConnection,
    person: PersonId,
    cookie: &Hash,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into pending_sign_ins (cookie, person_id, expires_at) values ($1, $2, $3)",
        cookie,
        person.0,
        expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whose sign-in this cookie stands for, as long as it waits and her account may be used.
pub async fn by_cookie(
    db: &mut PgConnection,
    cookie: &Hash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<PersonId>> {
    let person = sqlx::query_scalar!(
        "select person_id from pending_sign_ins w join people p on p.id = w.person_id
         where cookie = $1 and expires_at > $2 and deactivated_at is null",
        cookie,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(person.map(PersonId))
}

/// Removes every one of a person's: she has signed in, or her password is another one now.
pub async fn delete(db: &mut PgConnection, person: PersonId) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from pending_sign_ins where person_id = $1",
        person.0
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Removes those that expired before this moment.
pub async fn delete_expired(db: &mut PgConnection, before: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from pending_sign_ins where expires_at < $1", before)
        .execute(db)
        .await?;
    Ok(())
}
