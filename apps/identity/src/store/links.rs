//! Links that were mailed.
//!
//! Invariant: a link that was used is gone, with all others of its person for the same purpose.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::mail::Purpose;
use crate::opaque::Hash;
use crate::person::PersonId;

/// A new link.
pub struct NewLink {
    /// The hash of its token.
    pub hash: Hash,
    /// Whom it was sent to.
    pub person: PersonId,
    /// What it is good for.
    pub purpose: Purpose,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Good until then.
    pub expires_at: DateTime<Utc>,
}

/// Adds a link.
pub async fn insert(db: &mut PgConnection, link: &NewLink) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into links (hash, person_id, purpose, created_at, expires_at) values ($1, $2, $3, $4, $5)",
        &link.hash,
        link.person.0,
        link.purpose.as_str(),
        link.created_at,
        link.expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether the person was sent a link for this purpose after that moment.
pub async fn since(
    db: &mut PgConnection,
    person: PersonId,
    purpose: Purpose,
    moment: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
            select from links where person_id = $1 and purpose = $2 and created_at > $3
         ) as "exists!""#,
        person.0,
        purpose.as_str(),
        moment
    )
    .fetch_one(db)
    .await
}

/// Whose link this is, as long as it is good.
///
/// Whoever uses it locks the account and asks again, so that it is used once; the link itself is not locked, because it
/// goes with its account, whose lock comes first.
pub async fn owner(
    db: &mut PgConnection,
    hash: &Hash,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<PersonId>> {
    let person = sqlx::query_scalar!(
        "select person_id from links where hash = $1 and purpose = $2 and expires_at > $3",
        hash,
        purpose.as_str(),
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(person.map(PersonId))
}

/// Removes every link of a person for a purpose.
pub async fn delete(db: &mut PgConnection, person: PersonId, purpose: Purpose) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from links where person_id = $1 and purpose = $2",
        person.0,
        purpose.as_str()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Removes every link that expired before this moment.
pub async fn delete_expired(db: &mut PgConnection, before: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from links where expires_at < $1", before)
        .execute(db)
        .await?;
    Ok(())
}
