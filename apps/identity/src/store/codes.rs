//! Authorization codes.
//!
//! Invariant: a redeemed code stays as long as its grant, so that its second use is recognised.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::opaque::Hash;
use crate::person::PersonId;

/// A new code.
pub struct NewCode<'a> {
    /// The hash of the code.
    pub hash: Hash,
    /// The grant it gives.
    pub grant: Uuid,
    /// Where it was sent.
    pub redirect_uri: &'a str,
    /// The PKCE challenge.
    pub challenge: &'a str,
    /// Good until then.
    pub expires_at: DateTime<Utc>,
}

/// A code with what it was issued for.
pub struct Code {
    /// The grant it gives.
    pub grant: Uuid,
    /// The client it is for.
    pub client: String,
    /// What was granted.
    pub scope: String,
    /// What the client wants back in its ID token.
    pub nonce: Option<String>,
    /// Where it was sent.
    pub redirect_uri: String,
    /// The PKCE challenge.
    pub challenge: String,
    /// Good until then.
    pub expires_at: DateTime<Utc>,
    /// It has been redeemed before.
    pub redeemed: bool,
    /// Who signed in.
    pub person: PersonId,
    /// The session.
    pub session: Uuid,
    /// When the person signed in.
    pub signed_in_at: DateTime<Utc>,
}

/// Adds a code.
pub async fn insert(db: &mut PgConnection, code: &NewCode<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into codes (hash, grant_id, redirect_uri, challenge, expires_at) values ($1, $2, $3, $4, $5)",
        &code.hash,
        code.grant,
        code.redirect_uri,
        code.challenge,
        code.expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Reads a code and keeps everybody else from redeeming it until the transaction ends.
pub async fn lock(db: &mut PgConnection, hash: &Hash) -> sqlx::Result<Option<Code>> {
    let row = sqlx::query!(
        r#"select c.grant_id, c.redirect_uri, c.challenge, c.expires_at,
            c.redeemed_at is not null as "redeemed!",
            g.client_id, g.scope, g.nonce, g.session_id, s.person_id, s.created_at
         from codes c join grants g on g.id = c.grant_id join sessions s on s.id = g.session_id
         where c.hash = $1 for update of c"#,
        hash
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Code {
        grant: row.grant_id,
        client: row.client_id,
        scope: row.scope,
        nonce: row.nonce,
        redirect_uri: row.redirect_uri,
        challenge: row.challenge,
        expires_at: row.expires_at,
        redeemed: row.redeemed,
        person: PersonId(row.person_id),
        session: row.session_id,
        signed_in_at: row.created_at,
    }))
}

/// Marks a code as redeemed.
pub async fn redeem(db: &mut PgConnection, hash: &Hash, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update codes set redeemed_at = $2 where hash = $1",
        hash,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
