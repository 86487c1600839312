//! The history of orders: one row for each transition.
//!
//! Invariant: rows are only ever added, in the transaction of their transition.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use sqlx::PgConnection;

use crate::order::{OrderId, Transition};
use crate::store::Result;

/// Adds the rows of these transitions.
pub async fn record(
    connection: &mut PgConnection,
    order: OrderId,
    transitions: &[Transition],
) -> Result<()> {
    let versions: Vec<_> = transitions.iter().map(|done| done.version).collect();
    let times: Vec<_> = transitions.iter().map(|done| done.at).collect();
    let actors: Vec<_> = transitions.iter().map(|done| done.actor.clone()).collect();
    let moves = transitions.iter().map(|done| done.moved.names());
    let axes: Vec<_> = moves.clone().map(|names| names.axis.to_owned()).collect();
    let froms: Vec<_> = moves
        .clone()
        .map(|names| names.from.map(str::to_owned))
        .collect();
    let tos: Vec<_> = moves.map(|names| names.to.to_owned()).collect();
    sqlx::query!(
        "INSERT INTO order_history (order_id, version, at, actor, axis, from_status, to_status)
         SELECT $1, * FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[])",
        order.0,
        &versions,
        &times,
        &actors,
        &axes,
        &froms as &[Option<String>],
        &tos,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// One row of an order's history.
#[derive(Debug, serde::Serialize, JsonSchema)]
pub struct HistoryEntry {
    /// The order's version after it.
    pub version: i64,
    /// When.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub at: DateTime<Utc>,
    /// Who caused it: a token's subject.
    pub actor: String,
    /// Which axis it moved: `checkout` or `fulfilment`.
    pub axis: String,
    /// From which status; nothing for the order's beginning.
    pub from: Option<String>,
    /// To which status.
    pub to: String,
}

/// What happened to an order, oldest first.
pub async fn of_order(connection: &mut PgConnection, id: OrderId) -> Result<Vec<HistoryEntry>> {
    sqlx::query_as!(
        HistoryEntry,
        r#"SELECT version, at, actor, axis, from_status AS "from", to_status AS "to"
           FROM order_history WHERE order_id = $1 ORDER BY version"#,
        id.0,
    )
    .fetch_all(connection)
    .await
}
