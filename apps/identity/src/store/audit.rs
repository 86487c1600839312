//! The audit: rows that the database chains by itself.
//!
//! Invariant: there is no statement here that changes or removes a row.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::audit::{Entry, Row};

/// Adds a row; position and hash are the database's.
pub async fn append(
    db: &mut PgConnection,
    id: Uuid,
    at: DateTime<Utc>,
    entry: &Entry,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into audit
            (position, id, at, kind, person_id, actor, client_id, session_id, network, account, detail, hash)
         values (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, ''::bytea)",
        id,
        at,
        entry.kind.as_str(),
        entry.person,
        entry.actor,
        entry.client,
        entry.session,
        entry.network,
        entry.account,
        entry.detail
    )
    .execute(db)
    .await?;
    Ok(())
}

/// At most `limit` rows from before the row `before`, newest first.
pub async fn newest(
    db: &mut PgConnection,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        "select * from audit where $1::uuid is null or id < $1 order by id desc limit $2",
        before,
        limit
    )
    .fetch_all(db)
    .await
}

/// At most `limit` rows behind a position, in the order of the chain.
pub async fn after(db: &mut PgConnection, position: i64, limit: i64) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        "select * from audit where position > $1 order by position limit $2",
        position,
        limit
    )
    .fetch_all(db)
    .await
}

/// Where the chain ends: the last position and its hash.
pub async fn head(db: &mut PgConnection) -> sqlx::Result<(i64, Vec<u8>)> {
    let row = sqlx::query!("select position, hash from audit_head")
        .fetch_one(db)
        .await?;
    Ok((row.position, row.hash))
}
