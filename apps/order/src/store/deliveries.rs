//! How orders are brought, as shipping said and tells.
//!
//! Invariant: where a courier is, is what the newest event of its shipment told, in whatever order events arrive and
//! however often.

use sqlx::PgConnection;

use crate::delivery::{Courier, Delivery};
use crate::order::OrderId;
use crate::store::Result;

/// Stores how an order is brought that is stored in the same transaction.
pub async fn insert(
    connection: &mut PgConnection,
    order: OrderId,
    delivery: &Delivery,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO deliveries (order_id, fee, tax_rate_bp, minutes, courier) VALUES ($1, $2, $3, $4, $5)",
        order.0,
        delivery.fee.amount,
        delivery.tax_rate_bp,
        delivery.minutes,
        delivery.courier as Courier,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes what the shipment's event `sequence` told, unless it or a newer one was noted; says whether it was new. One that
/// tells nothing of the courier counts as well. Lock the order first.
pub async fn advance(
    connection: &mut PgConnection,
    order: OrderId,
    courier: Option<Courier>,
    sequence: i64,
) -> Result<bool> {
    let updated = sqlx::query!(
        "UPDATE deliveries SET courier = coalesce($2, courier), sequence = $3 WHERE order_id = $1 AND sequence < $3",
        order.0,
        courier as Option<Courier>,
        sequence,
    )
    .execute(connection)
    .await?;
    Ok(updated.rows_affected() == 1)
}
