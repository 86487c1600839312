//! Accounts at other providers, requests that are under way to one, and sessions that began by one.
//!
//! Invariant: an account at a provider belongs to one person here; a request is answered once.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::opaque::Hash;
use crate::person::PersonId;

/// An account at another provider.
#[derive(Debug, Clone)]
pub struct Identity {
    /// What this row is called.
    pub id: Uuid,
    /// The provider.
    pub issuer: String,
    /// Since when it signs her in.
    pub linked_at: DateTime<Utc>,
}

/// A request that is under way.
pub struct Request {
    /// The provider's name here.
    pub provider: String,
    /// Its issuer when the request was made.
    pub issuer: String,
    /// Where to go afterwards.
    pub return_to: Option<String>,
    /// The session in which an account is being linked.
    pub session: Option<Uuid>,
    /// The person must have signed in over there just now.
    pub fresh: bool,
}

/// Adds a request.
pub async fn begin(
    db: &mut PgConnection,
    cookie: &Hash,
    request: &Request,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into federated_requests (cookie, provider, issuer, return_to, session_id, fresh, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        cookie,
        request.provider,
        request.issuer,
        request.return_to,
        request.session,
        request.fresh,
        expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes the request of this cookie, if it is still waited for: it is gone from then on.
pub async fn take(
    db: &mut PgConnection,
    cookie: &Hash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Request>> {
    sqlx::query_as!(
        Request,
        "delete from federated_requests where cookie = $1 and expires_at > $2
         returning provider, issuer, return_to, session_id as session, fresh",
        cookie,
        now
    )
    .fetch_optional(db)
    .await
}

/// Removes requests that expired before this moment.
pub async fn delete_expired_requests(
    db: &mut PgConnection,
    before: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from federated_requests where expires_at < $1",
        before
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whose account at a provider this is.
pub async fn owner(
    db: &mut PgConnection,
    issuer: &str,
    subject: &str,
) -> sqlx::Result<Option<PersonId>> {
    let person = sqlx::query_scalar!(
        "select person_id from federated_identities where issuer = $1 and subject = $2",
        issuer,
        subject
    )
    .fetch_optional(db)
    .await?;
    Ok(person.map(PersonId))
}

/// Lets an account at a provider sign a person in; `false`, if it signs somebody in already.
pub async fn link(
    db: &mut PgConnection,
    id: Uuid,
    (issuer, subject): (&str, &str),
    person: PersonId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into federated_identities (id, issuer, subject, person_id, linked_at) values ($1, $2, $3, $4, $5)
         on conflict (issuer, subject) do nothing",
        id,
        issuer,
        subject,
        person.0,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A person's accounts at other providers, the oldest first.
pub async fn of_person(db: &mut PgConnection, person: PersonId) -> sqlx::Result<Vec<Identity>> {
    sqlx::query_as!(
        Identity,
        "select id, issuer, linked_at from federated_identities where person_id = $1 order by linked_at, id",
        person.0
    )
    .fetch_all(db)
    .await
}

/// Lets one of a person's sign her in no more.
pub async fn unlink(db: &mut PgConnection, person: PersonId, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from federated_identities where person_id = $1 and id = $2",
        person.0,
        id
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes down that a provider's word alone began this session, and when the person signed in over there.
pub async fn mark_session(
    db: &mut PgConnection,
    session: Uuid,
    authenticated_at: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into federated_sessions (session_id, authenticated_at) values ($1, $2)",
        session,
        authenticated_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How a session began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// By something that was shown to us.
    Here,
    /// By a provider's word, for whom she signed in at this moment, if it says so.
    ThereAt(Option<DateTime<Utc>>),
}

/// How a session began.
pub async fn beginning(db: &mut PgConnection, session: Uuid) -> sqlx::Result<Beginning> {
    let marked = sqlx::query_scalar!(
        "select authenticated_at from federated_sessions where session_id = $1",
        session
    )
    .fetch_optional(db)
    .await?;
    Ok(marked.map_or(Beginning::Here, Beginning::ThereAt))
}
