//! Grants: what one client may do for one session.
//!
//! Invariant: a grant stands while neither it nor its session has ended.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::roles;
use crate::person::PersonId;
use crate::standing::Standing;

/// A new grant.
pub struct NewGrant<'a> {
    /// Its id.
    pub id: Uuid,
    /// The session it is for.
    pub session: Uuid,
    /// The client it is for.
    pub client: &'a str,
    /// What was granted.
    pub scope: &'a str,
    /// What the client wants back in its ID token.
    pub nonce: Option<&'a str>,
}

/// Adds a grant.
pub async fn insert(
    db: &mut PgConnection,
    grant: &NewGrant<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into grants (id, session_id, client_id, scope, nonce, created_at) values ($1, $2, $3, $4, $5, $6)",
        grant.id,
        grant.session,
        grant.client,
        grant.scope,
        grant.nonce,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What a grant amounts to, if it stands.
pub async fn standing(
    db: &mut PgConnection,
    grant: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Standing>> {
    let row = sqlx::query!(
        r#"select s.id, s.person_id, s.expires_at,
            array(select role from roles where person_id = s.person_id
                  union select role from staff where person_id = s.person_id order by 1) as "roles!",
            array(select store_id from staff where person_id = s.person_id order by 1) as "stores!"
         from grants g join sessions s on s.id = g.session_id
         where g.id = $1 and g.revoked_at is null and s.ended_at is null and s.expires_at > $2"#,
        grant,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Standing {
        session: row.id,
        person: row.person_id,
        roles: roles(&row.roles),
        stores: row.stores,
        expires_at: row.expires_at,
    }))
}

/// Writes down the first use of an access token.
pub async fn mark_used(
    db: &mut PgConnection,
    grant: Uuid,
    access: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update refresh_tokens set used_at = $3 where access_id = $2 and grant_id = $1 and used_at is null",
        grant,
        access,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends a grant.
pub async fn revoke(db: &mut PgConnection, grant: Uuid, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update grants set revoked_at = $2 where id = $1 and revoked_at is null",
        grant,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends every grant of a client; which they were.
pub async fn revoke_of_client(
    db: &mut PgConnection,
    client: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "update grants set revoked_at = $2 where client_id = $1 and revoked_at is null returning id",
        client,
        now
    )
    .fetch_all(db)
    .await
}

/// Ends every grant that a client has from a person; which they were.
pub async fn revoke_of_person(
    db: &mut PgConnection,
    person: PersonId,
    client: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "update grants g set revoked_at = $3 from sessions s
         where s.id = g.session_id and s.person_id = $1 and g.client_id = $2 and g.revoked_at is null
         returning g.id",
        person.0,
        client,
        now
    )
    .fetch_all(db)
    .await
}
