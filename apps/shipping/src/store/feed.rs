//! How far the carrier's updates have been read.
//!
//! Invariant: the cursor moves in the transaction of what the updates did, and only from where it stood when they were
//! asked for.

use sqlx::PgConnection;

use super::Result;

/// Leases the feed to the caller, unless another has it; says from where on it is to be read.
pub async fn lease(connection: &mut PgConnection) -> Result<Option<i64>> {
    sqlx::query_scalar!(
        "UPDATE feed SET leased_until = clock_timestamp() + interval '10 s'
         WHERE leased_until <= clock_timestamp() RETURNING cursor"
    )
    .fetch_optional(connection)
    .await
}

/// Gives the lease back.
pub async fn release(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!("UPDATE feed SET leased_until = '-infinity'")
        .execute(connection)
        .await?;
    Ok(())
}

/// Moves the cursor, and gives the lease back; says whether it stood at `from`. What follows is the only transaction
/// that reads on from there.
pub async fn advance(connection: &mut PgConnection, from: i64, to: i64) -> Result<bool> {
    let moved = sqlx::query!(
        "UPDATE feed SET cursor = $2, leased_until = '-infinity' WHERE cursor = $1",
        from,
        to,
    )
    .execute(connection)
    .await?;
    Ok(moved.rows_affected() == 1)
}
