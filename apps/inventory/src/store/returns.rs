//! Returns of goods that were sold.
//!
//! Invariant: a return is stored in the transaction of its movements, under the lock on its order's reservation.

use chrono::{DateTime, Utc};
use service::idempotency::Fingerprint;
use sqlx::PgConnection;

use super::Result;
use crate::reservation::OrderId;
use crate::returned::{Back, ReturnId};
use crate::stock::{ItemId, Portion};

/// The fingerprint of the command that a return was stored by, if it was.
pub async fn fingerprint(connection: &mut PgConnection, id: ReturnId) -> Result<Option<Vec<u8>>> {
    sqlx::query_scalar!("SELECT fingerprint FROM returns WHERE id = $1", id.0)
        .fetch_optional(connection)
        .await
}

/// What came back of an order so far.
pub async fn of_order(connection: &mut PgConnection, order: OrderId) -> Result<Vec<Portion>> {
    sqlx::query_as!(
        Portion,
        r#"SELECT back.item_id AS "item_id!: ItemId", sum(back.quantity)::bigint AS "quantity!"
           FROM returns, unnest(items, quantities) AS back (item_id, quantity)
           WHERE order_id = $1 GROUP BY back.item_id"#,
        order.0,
    )
    .fetch_all(connection)
    .await
}

/// Stores a return.
pub async fn insert(
    connection: &mut PgConnection,
    id: ReturnId,
    order: OrderId,
    fingerprint: &Fingerprint,
    back: &[Back],
    now: DateTime<Utc>,
) -> Result<()> {
    let items: Vec<_> = back.iter().map(|it| it.item_id.0).collect();
    let quantities: Vec<_> = back.iter().map(|it| it.quantity).collect();
    let wasted: Vec<_> = back.iter().map(|it| it.wasted).collect();
    sqlx::query!(
        "INSERT INTO returns (id, order_id, fingerprint, items, quantities, wasted, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id.0,
        order.0,
        fingerprint.as_ref(),
        &items,
        &quantities,
        &wasted,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
