//! The seals over history.
//!
//! Invariant: what a seal covers is taken from the rows that none covers yet in the seal's own transaction, so every
//! row is covered by one, however late its transaction committed.

use sqlx::PgConnection;

use crate::audit::{Hash, Head, Seal};
use crate::order::OrderId;
use crate::store::Result;

/// The advisory lock of who seals: "seals" in ASCII. Such locks are per database, hence per service.
const LOCK: i64 = 0x73_6561_6c73;

/// Whether the caller's transaction is the one that seals now; the right ends with it.
pub async fn lead(connection: &mut PgConnection) -> Result<bool> {
    sqlx::query_scalar!(r#"SELECT pg_try_advisory_xact_lock($1) AS "leads!""#, LOCK)
        .fetch_one(connection)
        .await
}

/// Takes at most `limit` rows that no seal covers; answers the newest of each order, by order.
pub async fn take_unsealed(connection: &mut PgConnection, limit: i64) -> Result<Vec<Head>> {
    sqlx::query_as!(
        Head,
        r#"WITH taken AS (
               DELETE FROM unsealed_history WHERE ctid = ANY (ARRAY(SELECT ctid FROM unsealed_history LIMIT $1))
               RETURNING order_id, version
           ), newest AS (
               SELECT order_id, max(version) AS version FROM taken GROUP BY order_id
           )
           SELECT row.order_id AS "order: OrderId", row.version, row.hash AS "hash: Hash"
           FROM newest JOIN order_history AS row USING (order_id, version)
           ORDER BY row.order_id"#,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// The number and the digest of the last seal.
pub async fn last(connection: &mut PgConnection) -> Result<Option<(i64, Hash)>> {
    let row = sqlx::query!(
        r#"SELECT seal, digest AS "digest: Hash" FROM history_seals ORDER BY seal DESC LIMIT 1"#
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.seal, row.digest)))
}

/// Adds a seal.
pub async fn insert(connection: &mut PgConnection, seal: &Seal) -> Result<()> {
    let orders: Vec<_> = seal.heads.iter().map(|head| head.order.0).collect();
    let versions: Vec<_> = seal.heads.iter().map(|head| head.version).collect();
    sqlx::query!(
        "INSERT INTO history_seals (seal, at, orders, versions, digest) VALUES ($1, $2, $3, $4, $5)",
        seal.number,
        seal.at,
        &orders,
        &versions,
        seal.digest as Hash,
    )
    .execute(connection)
    .await?;
    Ok(())
}
