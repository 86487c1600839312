//! The documents of all events about orders: what other services did for them, and what we told of them ourselves.
//!
//! Invariant: the rows are a function of the set of events alone: neither the order of their arrival nor how often each
//! arrived leaves a trace.

use sqlx::PgConnection;

use crate::order::OrderId;
use crate::store::Result;
use crate::timeline::Entry;

/// Adds an event's entry, unless it is there.
pub async fn insert(connection: &mut PgConnection, entry: &Entry) -> Result<()> {
    sqlx::query!(
        "INSERT INTO timeline (source, event_id, order_id, at, sequence, type, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        entry.source,
        entry.event_id,
        entry.order.0,
        entry.at,
        entry.sequence,
        entry.kind,
        entry.detail,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// An order's entries.
pub async fn of_order(connection: &mut PgConnection, order: OrderId) -> Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        r#"SELECT source, event_id, order_id AS "order: OrderId", at, sequence, type AS kind, detail
           FROM timeline WHERE order_id = $1 ORDER BY at, source, sequence, event_id"#,
        order.0,
    )
    .fetch_all(connection)
    .await
}

/// Forgets all entries of all orders.
pub async fn clear(connection: &mut PgConnection) -> Result<()> {
    // Not TRUNCATE: whoever reads or adds meanwhile neither waits nor fails.
    sqlx::query!("DELETE FROM timeline")
        .execute(connection)
        .await?;
    Ok(())
}
