//! The consumer's side: an event is admitted in the transaction of its effect, once.
//!
//! Invariant: an admission exists if and only if its effect was committed, so a delivery that was cut short is admitted
//! again and one that was repeated is not.

use dapr_kit::CloudEvent;
use service::failpoint;
use sqlx::PgConnection;

/// What the inbox reads of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming<'a> {
    /// Unique within `source`.
    pub id: &'a str,
    /// Who published it, such as `/order`.
    pub source: &'a str,
    /// The aggregate it is about.
    pub subject: &'a str,
    /// The aggregate's version after it.
    pub sequence: i64,
}

impl<'a, T> From<&'a CloudEvent<T>> for Incoming<'a> {
    fn from(event: &'a CloudEvent<T>) -> Self {
        Self {
            id: &event.id,
            source: &event.source,
            subject: &event.subject,
            sequence: event.sequence,
        }
    }
}

/// How an event stands to what was admitted before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Nothing newer of its subject was admitted.
    Fresh,
    /// Seen for the first time, but after something newer of its subject. What repeats its subject's state ignores it;
    /// what is guarded by its own state takes it as it takes a fresh one.
    Late {
        /// The highest sequence of the subject so far.
        newest: i64,
    },
    /// It was admitted before: acknowledge it and do nothing.
    Duplicate,
}

/// Admits `event` in the caller's transaction, which is that of the effect.
///
/// Of two transactions that admit the same event, or events of one subject, the second waits for the first.
pub async fn admit(
    connection: &mut PgConnection,
    event: &Incoming<'_>,
) -> Result<Admission, sqlx::Error> {
    if failpoint::mutated("inbox") {
        return Ok(Admission::Fresh);
    }
    let newest = sqlx::query_scalar!(
        r#"WITH message AS (
               INSERT INTO inbox.messages (source, id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING source
           ), head AS (
               INSERT INTO inbox.heads AS head (source, subject, sequence) SELECT source, $3, $4 FROM message
               ON CONFLICT (source, subject)
                   DO UPDATE SET sequence = greatest(head.sequence, excluded.sequence)
               RETURNING sequence
           ), late AS (
               INSERT INTO inbox.late (source, id, subject, sequence, newest)
               SELECT $1, $2, $3, $4, sequence FROM head WHERE sequence > $4
           )
           SELECT sequence FROM head"#,
        event.source,
        event.id,
        event.subject,
        event.sequence,
    )
    .fetch_optional(connection)
    .await?;
    Ok(match newest {
        None => Admission::Duplicate,
        Some(newest) if newest > event.sequence => Admission::Late { newest },
        Some(_) => Admission::Fresh,
    })
}
