//! Links that were mailed.
//!
//! Invariant: a link that was used is gone, with all others of its person for the same purpose. One for another address
//! is good only while the session stands in which it was asked for.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::mail::Purpose;
use crate::opaque::Hash;
use crate::person::{EmailAddress, PersonId};

/// A new link.
pub struct NewLink<'a> {
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
    /// The address that it makes hers, and the session in which she asked for that.
    pub wish: Option<(&'a EmailAddress, Uuid)>,
}

/// Another address that a person wants.
#[derive(Debug, PartialEq, Eq)]
pub struct Wish {
    /// Who wants it.
    pub person: PersonId,
    /// Which it is.
    pub address: String,
}

/// Adds a link.
pub async fn insert(db: &mut PgConnection, link: &NewLink<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into links (hash, person_id, purpose, created_at, expires_at, address, session_id)
         values ($1, $2, $3, $4, $5, $6, $7)",
        &link.hash,
        link.person.0,
        link.purpose.as_str(),
        link.created_at,
        link.expires_at,
        link.wish.map(|(address, _)| address.as_str()),
        link.wish.map(|(_, session)| session)
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

/// The wish that this link fulfils, as long as it is good; [`owner`] says how it is used once.
pub async fn wish(
    db: &mut PgConnection,
    hash: &Hash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Wish>> {
    let row = sqlx::query!(
        r#"select l.person_id, l.address as "address!" from links l join sessions s on s.id = l.session_id
         where l.hash = $1 and l.purpose = $2 and l.expires_at > $3 and s.ended_at is null and s.expires_at > $3"#,
        hash,
        Purpose::ChangeAddress.as_str(),
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Wish {
        person: PersonId(row.person_id),
        address: row.address,
    }))
}

/// Removes every link of a person.
pub async fn delete_all(db: &mut PgConnection, person: PersonId) -> sqlx::Result<()> {
    sqlx::query!("delete from links where person_id = $1", person.0)
        .execute(db)
        .await?;
    Ok(())
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
