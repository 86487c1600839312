//! One event: how it is stored, and the CloudEvents 1.0 envelope it is published in.
//!
//! Invariant: the envelope is a function of the stored row alone, so publishing again yields the same bytes.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// What happened to one aggregate.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Identifies the event, for ever: a second delivery carries the same one.
    pub id: Uuid,
    /// Who says so, such as `/order`.
    pub source: String,
    /// Name and version, such as `order.confirmed.v1`.
    pub kind: String,
    /// The aggregate's id; events of one subject are published in the order they were appended.
    pub subject: String,
    /// The aggregate's version after it; one event per version.
    pub sequence: i64,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// The published words. At most 256 KiB as JSON, and no personal data.
    pub data: Value,
}

/// A CloudEvent in structured JSON mode, in this order.
#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: Uuid,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    subject: &'a str,
    time: String,
    datacontenttype: &'static str,
    // CloudEvents knows integers of 32 bits only.
    sequence: String,
    // Dapr overwrites `traceparent`, so the trace of the cause travels under a name of our own.
    #[serde(skip_serializing_if = "Option::is_none")]
    crematraceparent: Option<&'a str>,
    data: &'a Value,
}

impl Event {
    /// The event as it is published, with the trace that caused it.
    #[must_use]
    pub fn cloud_event<'a>(&'a self, trace_parent: Option<&'a str>) -> impl Serialize + 'a {
        CloudEvent {
            specversion: "1.0",
            id: self.id,
            source: &self.source,
            kind: &self.kind,
            subject: &self.subject,
            time: self.time.to_rfc3339_opts(SecondsFormat::Millis, true),
            datacontenttype: "application/json",
            sequence: self.sequence.to_string(),
            crematraceparent: trace_parent,
            data: &self.data,
        }
    }
}

/// Stores `events` in the caller's transaction, in their order, with the trace of the current span.
///
/// The caller holds the lock on each event's aggregate, so that two transactions never append for one subject at
/// once. Wake the relay after the commit ([`crate::Waker`]), not before.
pub async fn append(connection: &mut PgConnection, events: &[Event]) -> Result<(), sqlx::Error> {
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    let sources: Vec<_> = events.iter().map(|event| event.source.clone()).collect();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.clone()).collect();
    let subjects: Vec<_> = events.iter().map(|event| event.subject.clone()).collect();
    let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
    let times: Vec<_> = events.iter().map(|event| event.time).collect();
    let data: Vec<_> = events.iter().map(|event| event.data.clone()).collect();
    sqlx::query!(
        "INSERT INTO outbox.events (id, source, type, subject, sequence, time, data, trace_parent)
         SELECT id, source, type, subject, sequence, time, data, $8
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::jsonb[])
              WITH ORDINALITY AS event (id, source, type, subject, sequence, time, data, ordinal)
         ORDER BY ordinal",
        &ids,
        &sources,
        &kinds,
        &subjects,
        &sequences,
        &times,
        &data,
        dapr_kit::trace::current(),
    )
    .execute(connection)
    .await?;
    Ok(())
}
