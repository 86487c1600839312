//! The timeline of an order: its own history, and what payment and inventory did for it, in one list.
//!
//! Invariant: a line stands where its instant puts it; lines of one instant and one source keep that source's order.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::order::OrderId;
use crate::store::history::HistoryEntry;

/// What one event of another service told of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Who published it, such as `/payment`.
    pub source: String,
    /// The event's id, unique within `source`.
    pub event_id: String,
    /// About which order.
    pub order: OrderId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The version of what it is about, on the other side.
    pub sequence: i64,
    /// The event's type.
    pub kind: String,
    /// What we show of it.
    pub detail: Value,
}

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "TimelineLine")]
pub struct Line {
    /// When.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub at: DateTime<Utc>,
    /// The service: `order`, `payment` or `inventory`.
    pub source: String,
    /// What happened: an event's type, such as `payment.authorised.v1`; of the order itself the status that it reached,
    /// such as `checkout.confirmed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The particulars, by type.
    pub detail: Value,
}

/// The timeline of an order out of its history and its entries, each oldest first.
#[must_use]
pub fn merge(history: Vec<HistoryEntry>, entries: Vec<Entry>) -> Vec<Line> {
    let own = history.into_iter().map(Line::from);
    let mut lines: Vec<_> = own.chain(entries.into_iter().map(Line::from)).collect();
    // Stable, so what is of one instant stays as it came.
    lines.sort_by_key(|line| line.at);
    lines
}

impl From<HistoryEntry> for Line {
    fn from(row: HistoryEntry) -> Self {
        Self {
            at: row.at,
            source: "order".to_owned(),
            kind: format!("{}.{}", row.axis, row.to),
            detail: json!({"version": row.version, "from": row.from, "to": row.to, "actor": row.actor}),
        }
    }
}

impl From<Entry> for Line {
    fn from(entry: Entry) -> Self {
        Self {
            at: entry.at,
            source: entry.source.trim_start_matches('/').to_owned(),
            kind: entry.kind,
            detail: entry.detail,
        }
    }
}
