//! Dead letters: events that a consumer gave up after its retries, kept until an operator redrives them.
//!
//! Invariant: a letter is kept once, whatever is in it, so its delivery can be acknowledged as soon as it is stored.

pub mod routes;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use service::clock::Clock;
use service::ids::Ids;
use sqlx::PgConnection;
use uuid::Uuid;

/// One letter. What the event does not say of itself is empty.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DeadLetter {
    /// Ours, not the event's; later ones sort after earlier ones.
    pub id: Uuid,
    /// The dead-letter topic that it came from.
    pub topic: String,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The event's source.
    pub source: String,
    /// The event's subject.
    pub subject: String,
    /// The event's own id; of one without, a checksum.
    pub event_id: String,
    /// When it was kept.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub received_at: DateTime<Utc>,
    /// When an operator had it handled after all.
    #[serde(serialize_with = "optional_instant")]
    pub redriven_at: Option<DateTime<Utc>>,
    /// The whole event, as it was delivered.
    pub event: Value,
}

#[expect(clippy::ref_option, reason = "what serde hands over")]
fn optional_instant<S: serde::Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => service::clock::rfc3339::serialize(at, serializer),
        None => serializer.serialize_none(),
    }
}

/// The most bytes of a word that is told apart from the event.
const MOST_WORD: usize = 512;

/// Keeps a letter that was delivered on `topic`; one that is there already stays as it is.
pub async fn keep(
    connection: &mut PgConnection,
    topic: &str,
    event: &Value,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    // What PostgreSQL's text or an index has no place for, counts as not said.
    let word = |name: &str| {
        let word = event[name].as_str().unwrap_or_default();
        let fits = word.len() <= MOST_WORD && !word.contains('\0');
        if fits { word } else { "" }
    };
    let kept = sqlx::query!(
        "INSERT INTO inbox.dead_letters (id, topic, type, source, subject, event_id, event, received_at)
         VALUES ($1, $2, $3, $4, $5, coalesce(nullif($6, ''), md5($7::text)), $7::text::json, $8)
         ON CONFLICT (topic, source, event_id) DO NOTHING",
        Ids::new(Clock::manual(now)).next(),
        topic,
        word("type"),
        word("source"),
        word("subject"),
        word("id"),
        event.to_string(),
        now,
    )
    .execute(connection)
    .await?;
    if kept.rows_affected() > 0 {
        tracing::error!(
            event.id = word("id"),
            event.kind = word("type"),
            topic,
            "an event was given up: it waits among the dead letters"
        );
        metrics::counter!("crema_dead_letters_kept_total", "topic" => topic.to_owned())
            .increment(1);
    }
    Ok(())
}

/// The newest letters, or those before one of them: a page, newest first.
pub async fn list(
    connection: &mut PgConnection,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<DeadLetter>, sqlx::Error> {
    sqlx::query_as!(
        DeadLetter,
        "SELECT id, topic, type AS kind, source, subject, event_id, received_at, redriven_at, event
         FROM inbox.dead_letters WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
        before,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// One letter, locked to the end of the transaction: two operators don't redrive it at once.
pub async fn find_for_update(
    connection: &mut PgConnection,
    id: Uuid,
) -> Result<Option<DeadLetter>, sqlx::Error> {
    sqlx::query_as!(
        DeadLetter,
        "SELECT id, topic, type AS kind, source, subject, event_id, received_at, redriven_at, event
         FROM inbox.dead_letters WHERE id = $1 FOR UPDATE",
        id,
    )
    .fetch_optional(connection)
    .await
}

/// Notes, in the transaction that handled the letter's event, that it was redriven; the first time stays.
pub async fn mark_redriven(
    connection: &mut PgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE inbox.dead_letters SET redriven_at = coalesce(redriven_at, $2) WHERE id = $1",
        id,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
