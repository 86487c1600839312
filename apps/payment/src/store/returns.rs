//! Which refund a return of goods stands for.
//!
//! Invariant: a return stands for a refund from the transaction on that promised it, and no refund for two returns.

use sqlx::PgConnection;

use super::Result;
use crate::operation::OperationId;
use crate::payment::ReturnId;

/// The refund that a return stands for, if it was ever asked for.
pub async fn find(connection: &mut PgConnection, id: ReturnId) -> Result<Option<OperationId>> {
    sqlx::query_scalar!(
        r#"SELECT operation_id AS "operation_id: OperationId" FROM returns WHERE id = $1"#,
        id.0,
    )
    .fetch_optional(connection)
    .await
}

/// Whether a return stands for this refund.
pub async fn stands_for(connection: &mut PgConnection, operation: OperationId) -> Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM returns WHERE operation_id = $1) AS "stands!""#,
        operation.0,
    )
    .fetch_one(connection)
    .await
}

/// Lets a return stand for a refund; the one that it stood for was refused. The caller has the payment locked.
pub async fn stand_for(
    connection: &mut PgConnection,
    id: ReturnId,
    operation: OperationId,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO returns (id, operation_id) VALUES ($1, $2)
         ON CONFLICT (id) DO UPDATE SET operation_id = excluded.operation_id",
        id.0,
        operation.0,
    )
    .execute(connection)
    .await?;
    Ok(())
}
