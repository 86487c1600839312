//! The timeline of an order: its own history, what payment, inventory and shipping did for it, and what came back, in one
//! list.
//!
//! Invariant: a line stands where its instant puts it; lines of one instant and one source keep that source's order.
//! Nothing stands there twice: an order's own steps are told by its history, which was written with them, not by their
//! events, which are kept as documents all the same.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::events::RETURNED;
use crate::inbound::OURS;
use crate::order::OrderId;
use crate::store::history::HistoryEntry;

/// The document of one event about an order.
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
    /// What we show of it; of our own events all that they told.
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
    /// The service: `order`, `payment`, `inventory` or `shipping`.
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
    let told = entries
        .into_iter()
        .filter(|entry| entry.source != OURS || entry.kind == RETURNED);
    let mut lines: Vec<_> = own.chain(told.map(Line::from)).collect();
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
        let detail = if entry.source == OURS {
            // Where the order stood is no news; what came back is.
            json!({"return_id": entry.detail["return_id"], "returned": entry.detail["returned"]})
        } else {
            entry.detail
        };
        Self {
            at: entry.at,
            source: entry.source.trim_start_matches('/').to_owned(),
            kind: entry.kind,
            detail,
        }
    }
}
