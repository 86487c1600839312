//! Where the books differ, and which reconciliation found it.
//!
//! Invariant: one difference of one thing is one row, however often it is found.

use std::ops::Range;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::Result;
use crate::reconcile::{Difference, DivergenceId, Figure, Found, ReconciliationId};

/// A divergence.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Divergence {
    /// Its id.
    pub divergence_id: DivergenceId,
    /// In what the books differ.
    pub kind: Difference,
    /// The order, as the provider was told.
    pub reference: String,
    /// When it happened.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub at: DateTime<Utc>,
    /// What we have.
    pub ours: Option<Figure>,
    /// What the provider has.
    pub theirs: Option<Figure>,
    /// What a person does about it.
    pub remedy: String,
    /// How many reconciliations have found it.
    pub times_seen: i64,
    /// When it was found first.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub found_at: DateTime<Utc>,
    /// When it was found no more.
    #[serde(serialize_with = "optional_instant")]
    pub mended_at: Option<DateTime<Utc>>,
    /// When a person said how it was dealt with.
    #[serde(serialize_with = "optional_instant")]
    pub settled_at: Option<DateTime<Utc>>,
    /// Who.
    pub settled_by: Option<String>,
    /// What she said.
    pub note: Option<String>,
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn optional_instant<S: serde::Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    match at {
        Some(at) => service::clock::rfc3339::serialize(at, serializer),
        None => serializer.serialize_none(),
    }
}

struct Row {
    id: DivergenceId,
    kind: Difference,
    reference: String,
    at: DateTime<Utc>,
    ours: Option<Json<Figure>>,
    theirs: Option<Json<Figure>>,
    remedy: String,
    times_seen: i64,
    found_at: DateTime<Utc>,
    mended_at: Option<DateTime<Utc>>,
    settled_at: Option<DateTime<Utc>>,
    settled_by: Option<String>,
    note: Option<String>,
}

impl From<Row> for Divergence {
    fn from(row: Row) -> Self {
        Self {
            divergence_id: row.id,
            kind: row.kind,
            reference: row.reference,
            at: row.at,
            ours: row.ours.map(|ours| ours.0),
            theirs: row.theirs.map(|theirs| theirs.0),
            remedy: row.remedy,
            times_seen: row.times_seen,
            found_at: row.found_at,
            mended_at: row.mended_at,
            settled_at: row.settled_at,
            settled_by: row.settled_by,
            note: row.note,
        }
    }
}

/// Stores what a reconciliation found, under `id` if it is new; says whether it is news: never found before, found again
/// after it was mended, or differing otherwise than when it was settled.
pub async fn record(
    connection: &mut PgConnection,
    reconciliation: ReconciliationId,
    id: DivergenceId,
    found: &Found,
    at: DateTime<Utc>,
) -> Result<bool> {
    let remedy = found.remedy();
    let stored = sqlx::query!(
        r#"WITH before AS (
               SELECT FROM divergences WHERE kind = $2 AND subject = $3 AND mended_at IS NULL AND remedy = $8
           )
           INSERT INTO divergences AS stored (id, kind, subject, reference, at, ours, theirs, remedy, found_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           ON CONFLICT (kind, subject) DO UPDATE
           SET ours = excluded.ours, theirs = excluded.theirs, remedy = excluded.remedy, mended_at = NULL,
               settled_at = CASE WHEN stored.remedy = excluded.remedy THEN stored.settled_at END,
               settled_by = CASE WHEN stored.remedy = excluded.remedy THEN stored.settled_by END,
               note = CASE WHEN stored.remedy = excluded.remedy THEN stored.note END
           RETURNING id, NOT EXISTS (SELECT FROM before) AS "is_news!""#,
        id.0,
        found.difference as Difference,
        found.subject,
        found.reference,
        found.at,
        found.ours.as_ref().map(Json) as _,
        found.theirs.as_ref().map(Json) as _,
        remedy,
        at,
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO findings (reconciliation_id, divergence_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        reconciliation.0,
        stored.id,
    )
    .execute(connection)
    .await?;
    Ok(stored.is_news)
}

/// Marks what happened in the period and was not found in it any more; says how many that are.
pub async fn mend(
    connection: &mut PgConnection,
    reconciliation: ReconciliationId,
    period: &Range<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> Result<u64> {
    let mended = sqlx::query!(
        "UPDATE divergences SET mended_at = $4
         WHERE mended_at IS NULL AND at >= $2 AND at < $3 AND NOT EXISTS (
             SELECT FROM findings WHERE divergence_id = divergences.id AND reconciliation_id = $1
         )",
        reconciliation.0,
        period.start,
        period.end,
        at,
    )
    .execute(connection)
    .await?;
    Ok(mended.rows_affected())
}

/// Records how a person dealt with one, unless that was said before; says whether there is such a one.
pub async fn settle(
    connection: &mut PgConnection,
    id: DivergenceId,
    by: &str,
    note: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let settled = sqlx::query!(
        "UPDATE divergences
         SET settled_at = coalesce(settled_at, $4), settled_by = coalesce(settled_by, $2), note = coalesce(note, $3)
         WHERE id = $1",
        id.0,
        by,
        note,
        at,
    )
    .execute(connection)
    .await?;
    Ok(settled.rows_affected() == 1)
}

/// Which are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which {
    /// This one alone.
    pub only: Option<DivergenceId>,
    /// Those that this reconciliation found.
    pub found_by: Option<ReconciliationId>,
    /// Those that are neither mended nor settled.
    pub open: bool,
}

/// At most `limit` of them, newest first, older than `before`.
pub async fn list(
    connection: &mut PgConnection,
    which: Which,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Divergence>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: DivergenceId", kind AS "kind: Difference", reference, at, ours AS "ours: Json<Figure>",
                  theirs AS "theirs: Json<Figure>", remedy, found_at, mended_at, settled_at, settled_by, note,
                  (SELECT count(*) FROM findings WHERE divergence_id = divergences.id) AS "times_seen!"
           FROM divergences
           WHERE ($1::uuid IS NULL OR id = $1)
             AND ($2::uuid IS NULL OR EXISTS (
                 SELECT FROM findings WHERE divergence_id = divergences.id AND reconciliation_id = $2
             ))
             AND (NOT $3 OR mended_at IS NULL AND settled_at IS NULL)
             AND ($4::uuid IS NULL OR id < $4)
           ORDER BY id DESC LIMIT $5"#,
        which.only.map(|only| only.0),
        which.found_by.map(|by| by.0),
        which.open,
        before,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Divergence::from).collect())
}
