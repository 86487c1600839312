//! What the carrier told of a shipment.
//!
//! Invariant: an update is kept once, under the carrier's own number of it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::Result;
use crate::shipment::{OrderId, Status};

/// One word of the carrier.
#[derive(Clone, Debug)]
pub struct Told {
    /// When it happened, by the carrier's clock.
    pub at: DateTime<Utc>,
    /// Where the shipment stood then.
    pub status: Status,
    /// In the carrier's words.
    pub note: String,
}

/// Keeps one.
pub async fn insert(
    connection: &mut PgConnection,
    order: OrderId,
    seq: i64,
    told: &Told,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO tracking (order_id, seq, at, status, note) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        order.0,
        seq,
        told.at,
        told.status as Status,
        told.note,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// All of a shipment, oldest first.
pub async fn of_order(connection: &mut PgConnection, order: OrderId) -> Result<Vec<Told>> {
    sqlx::query_as!(
        Told,
        r#"SELECT at, status AS "status: Status", note FROM tracking WHERE order_id = $1 ORDER BY seq"#,
        order.0,
    )
    .fetch_all(connection)
    .await
}

/// Forgets the carrier's words of a shipment: they may say whose door it was.
pub async fn forget(connection: &mut PgConnection, order: OrderId) -> Result<()> {
    sqlx::query!("UPDATE tracking SET note = '' WHERE order_id = $1", order.0)
        .execute(connection)
        .await?;
    Ok(())
}
