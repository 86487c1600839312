//! Refresh tokens, each with the access token issued beside it.
//!
//! Invariant: of one grant, at most one refresh token has not been replaced.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::opaque::Hash;
use crate::rotation::Successor;

/// A refresh token with what it belongs to.
pub struct RefreshToken {
    /// Its grant.
    pub grant: Uuid,
    /// The client it is for.
    pub client: String,
    /// What was granted.
    pub scope: String,
    /// The session.
    pub session: Uuid,
    /// It has been presented before.
    pub replaced: bool,
}

/// Adds a refresh token.
pub async fn insert(
    db: &mut PgConnection,
    hash: &Hash,
    grant: Uuid,
    predecessor: Option<&Hash>,
    access: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into refresh_tokens (hash, grant_id, predecessor, access_id, issued_at) values ($1, $2, $3, $4, $5)",
        hash,
        grant,
        predecessor.map(<[u8; 32]>::as_slice),
        access,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Reads a refresh token and keeps its whole family from changing until the transaction ends.
pub async fn lock(db: &mut PgConnection, hash: &Hash) -> sqlx::Result<Option<RefreshToken>> {
    // Two statements: the token is read after the lock is held, or two replays would both see it unreplaced.
    let held = sqlx::query_scalar!(
        "select id from grants where id = (select grant_id from refresh_tokens where hash = $1) for update",
        hash
    )
    .fetch_optional(&mut *db)
    .await?;
    if held.is_none() {
        return Ok(None);
    }
    let row = sqlx::query!(
        r#"select t.grant_id, t.replaced_at is not null as "replaced!", g.client_id, g.scope, g.session_id
         from refresh_tokens t join grants g on g.id = t.grant_id where t.hash = $1"#,
        hash
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| RefreshToken {
        grant: row.grant_id,
        client: row.client_id,
        scope: row.scope,
        session: row.session_id,
        replaced: row.replaced,
    }))
}

/// A refresh token as whoever asks about it sees it.
pub struct Described {
    /// Its grant.
    pub grant: Uuid,
    /// The client it is for.
    pub client: String,
    /// What was granted.
    pub scope: String,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
}

/// A refresh token that has not been replaced. Looking at it is no use of it.
pub async fn describe(db: &mut PgConnection, hash: &Hash) -> sqlx::Result<Option<Described>> {
    let row = sqlx::query!(
        "select t.grant_id, t.issued_at, g.client_id, g.scope
         from refresh_tokens t join grants g on g.id = t.grant_id
         where t.hash = $1 and t.replaced_at is null",
        hash
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Described {
        grant: row.grant_id,
        client: row.client_id,
        scope: row.scope,
        issued_at: row.issued_at,
    }))
}

/// The successor of a token, while it has not been replaced itself.
pub async fn successor(db: &mut PgConnection, of: &Hash) -> sqlx::Result<Option<Successor>> {
    let row = sqlx::query!(
        r#"select hash, used_at is not null as "used!" from refresh_tokens
         where predecessor = $1 and replaced_at is null"#,
        of
    )
    .fetch_optional(db)
    .await?;
    Ok(row.and_then(|row| {
        Some(Successor {
            hash: row.hash.try_into().ok()?,
            used: row.used,
        })
    }))
}

/// Marks a token as replaced, and thereby as used.
pub async fn replace(db: &mut PgConnection, hash: &Hash, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update refresh_tokens set replaced_at = $2, used_at = coalesce(used_at, $2) where hash = $1",
        hash,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
