//! What payment gave back of orders and no return explains.
//!
//! Invariant: a refund is stored once, however often it is told, and never changes.

use service::money::{Currency, Money};
use sqlx::PgConnection;

use crate::order::OrderId;
use crate::refund::{Cause, Refund, RefundId};
use crate::store::Result;

/// Adds a refund, unless it is there. One of an order that we don't have, or of another currency, is on no receipt.
pub async fn insert(connection: &mut PgConnection, refund: &Refund) -> Result<()> {
    sqlx::query!(
        "INSERT INTO refunds (id, order_id, amount, cause, at)
         SELECT $1, orders.id, $3, $4, $5 FROM orders WHERE orders.id = $2 AND currency = $6
         ON CONFLICT DO NOTHING",
        refund.id.0,
        refund.order.0,
        refund.amount.amount,
        refund.cause as Cause,
        refund.at,
        refund.amount.currency.as_str(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// An order's refunds, oldest first.
pub async fn of_order(
    connection: &mut PgConnection,
    order: OrderId,
    currency: Currency,
) -> Result<Vec<Refund>> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: RefundId", amount, cause AS "cause: Cause", at FROM refunds WHERE order_id = $1
           ORDER BY at, id"#,
        order.0,
    )
    .fetch_all(connection)
    .await?;
    let refunds = rows.into_iter().map(|row| Refund {
        id: row.id,
        order,
        amount: Money::new(row.amount, currency),
        cause: row.cause,
        at: row.at,
    });
    Ok(refunds.collect())
}
