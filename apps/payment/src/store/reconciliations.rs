//! Reconciliations: what is to be compared, who compares it just now, and what came of it.
//!
//! Invariant: whoever writes for a reconciliation names its try, so that one that was frozen past its lease finds that
//! another goes on.

use std::ops::Range;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::Result;
use crate::reconcile::{Difference, ReconciliationId, Sum};

/// How far a reconciliation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schemars(rename = "ReconciliationState")]
pub enum State {
    /// It is to be made, or is being made.
    Waiting,
    /// It was made.
    Finished,
    /// The provider did not list what it did, however often it was asked.
    Failed,
}

/// How often something was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize, JsonSchema)]
pub struct Times {
    /// Differs in this.
    pub kind: Difference,
    /// So many times.
    pub count: i64,
}

/// A reconciliation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Reconciliation {
    /// Its id.
    pub reconciliation_id: ReconciliationId,
    /// From when on.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub from: DateTime<Utc>,
    /// Until just before.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub to: DateTime<Utc>,
    /// How far it has come.
    pub state: State,
    /// Who wanted it: a token's subject, or this service.
    pub requested_by: String,
    /// When.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub requested_at: DateTime<Utc>,
    /// What our ledger has of the period, per currency; nothing before it is finished.
    pub ours: Option<Vec<Sum>>,
    /// What the provider has of it.
    pub theirs: Option<Vec<Sum>>,
    /// What it found, and how often; see `GET /v1/divergences`.
    pub found: Vec<Times>,
}

struct Row {
    id: ReconciliationId,
    period_from: DateTime<Utc>,
    period_to: DateTime<Utc>,
    state: State,
    requested_by: String,
    requested_at: DateTime<Utc>,
    ours: Option<Json<Vec<Sum>>>,
    theirs: Option<Json<Vec<Sum>>>,
    found: Json<Vec<Times>>,
}

impl From<Row> for Reconciliation {
    fn from(row: Row) -> Self {
        Self {
            reconciliation_id: row.id,
            from: row.period_from,
            to: row.period_to,
            state: row.state,
            requested_by: row.requested_by,
            requested_at: row.requested_at,
            ours: row.ours.map(|ours| ours.0),
            theirs: row.theirs.map(|theirs| theirs.0),
            found: row.found.0,
        }
    }
}

/// One that is wanted.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Its id.
    pub id: ReconciliationId,
    /// What is to be compared.
    pub period: Range<DateTime<Utc>>,
    /// Who wants it.
    pub by: &'a str,
    /// When.
    pub at: DateTime<Utc>,
    /// Which day's it is, of those that come by themselves.
    pub day: Option<NaiveDate>,
}

/// Stores one that is due at once, unless the day has its own already; says whether it did.
pub async fn insert(connection: &mut PgConnection, wanted: &Wanted<'_>) -> Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO reconciliations (id, period_from, period_to, requested_by, requested_at, day, state, leased_until,
                                      due_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'waiting', clock_timestamp(), clock_timestamp())
         ON CONFLICT (day) DO NOTHING",
        wanted.id.0,
        wanted.period.start,
        wanted.period.end,
        wanted.by,
        wanted.at,
        wanted.day,
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Whether a day has its own.
pub async fn is_wanted(connection: &mut PgConnection, day: NaiveDate) -> Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM reconciliations WHERE day = $1) AS "is_wanted!""#,
        day,
    )
    .fetch_one(connection)
    .await
}

/// Where the next one that comes by itself has to begin, as far as the tables tell: the oldest difference that is still
/// open, the end of the last one, and the first operation.
#[derive(Debug)]
pub struct Marks {
    /// When what is still open happened first.
    pub open: Option<DateTime<Utc>>,
    /// Until when was compared by those that came by themselves.
    pub compared: Option<DateTime<Utc>>,
    /// When the first operation began.
    pub first: Option<DateTime<Utc>>,
}

/// Reads them.
pub async fn marks(connection: &mut PgConnection) -> Result<Marks> {
    sqlx::query_as!(
        Marks,
        "SELECT (SELECT min(at) FROM divergences WHERE mended_at IS NULL AND settled_at IS NULL) AS open,
                (SELECT max(period_to) FROM reconciliations WHERE day IS NOT NULL AND state = 'finished') AS compared,
                (SELECT min(started_at) FROM operations) AS first",
    )
    .fetch_one(connection)
    .await
}

/// When the last one that came by itself was finished.
pub async fn last_finished(connection: &mut PgConnection) -> Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "SELECT max(finished_at) FROM reconciliations WHERE day IS NOT NULL AND state = 'finished'",
    )
    .fetch_one(connection)
    .await
}

/// One that is leased.
#[derive(Clone, Debug)]
pub struct Leased {
    /// Its id.
    pub id: ReconciliationId,
    /// Its period.
    pub period: Range<DateTime<Utc>>,
    /// The how manieth time it is begun.
    pub tries: i32,
}

/// Leases the one that is due the longest, if any.
pub async fn lease_due(connection: &mut PgConnection) -> Result<Option<Leased>> {
    let row = sqlx::query!(
        r#"WITH due AS (
               SELECT id FROM reconciliations
               WHERE state = 'waiting' AND due_at <= clock_timestamp() AND leased_until <= clock_timestamp()
               ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
           )
           UPDATE reconciliations SET leased_until = clock_timestamp() + interval '30 s', tries = tries + 1
           FROM due WHERE reconciliations.id = due.id
           RETURNING reconciliations.id AS "id: ReconciliationId", period_from, period_to, tries"#,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Leased {
        id: row.id,
        period: row.period_from..row.period_to,
        tries: row.tries,
    }))
}

/// Keeps the lease; says whether it is still this try's. Within a transaction nobody takes it before its end.
pub async fn renew(connection: &mut PgConnection, leased: &Leased) -> Result<bool> {
    let renewed = sqlx::query!(
        "UPDATE reconciliations SET leased_until = clock_timestamp() + interval '30 s'
         WHERE id = $1 AND tries = $2 AND state = 'waiting'",
        leased.id.0,
        leased.tries,
    )
    .execute(connection)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Gives up this try: it is due again after `pause`.
pub async fn put_off(
    connection: &mut PgConnection,
    leased: &Leased,
    pause: TimeDelta,
) -> Result<()> {
    sqlx::query!(
        "UPDATE reconciliations
         SET leased_until = clock_timestamp(), due_at = clock_timestamp() + $3::bigint * interval '1 s'
         WHERE id = $1 AND tries = $2 AND state = 'waiting'",
        leased.id.0,
        leased.tries,
        pause.num_seconds(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives it up for good.
pub async fn fail(connection: &mut PgConnection, leased: &Leased, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE reconciliations SET state = 'failed', finished_at = $3
         WHERE id = $1 AND tries = $2 AND state = 'waiting'",
        leased.id.0,
        leased.tries,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records what both sides come to; says whether it was this try's to say.
pub async fn finish(
    connection: &mut PgConnection,
    leased: &Leased,
    ours: &[Sum],
    theirs: &[Sum],
    at: DateTime<Utc>,
) -> Result<bool> {
    let finished = sqlx::query!(
        "UPDATE reconciliations SET state = 'finished', finished_at = $3, ours = $4, theirs = $5
         WHERE id = $1 AND tries = $2 AND state = 'waiting'",
        leased.id.0,
        leased.tries,
        at,
        Json(ours) as _,
        Json(theirs) as _,
    )
    .execute(connection)
    .await?;
    Ok(finished.rows_affected() == 1)
}

/// At most `limit` of them, newest first, older than `before`; or the one that is `only`.
async fn read(
    connection: &mut PgConnection,
    only: Option<ReconciliationId>,
    before: Option<uuid::Uuid>,
    limit: i64,
) -> Result<Vec<Reconciliation>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: ReconciliationId", period_from, period_to, state AS "state: State", requested_by,
                  requested_at, ours AS "ours: Json<Vec<Sum>>", theirs AS "theirs: Json<Vec<Sum>>",
                  (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'count', count) ORDER BY kind), '[]')
                   FROM (SELECT kind, count(*) FROM findings JOIN divergences ON divergences.id = divergence_id
                         WHERE reconciliation_id = reconciliations.id AND state = 'finished' GROUP BY kind) AS found)
                  AS "found!: Json<Vec<Times>>"
           FROM reconciliations
           WHERE ($1::uuid IS NULL OR id = $1) AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"#,
        only.map(|only| only.0),
        before,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Reconciliation::from).collect())
}

/// One of them.
pub async fn find(
    connection: &mut PgConnection,
    id: ReconciliationId,
) -> Result<Option<Reconciliation>> {
    Ok(read(connection, Some(id), None, 1).await?.pop())
}

/// At most `limit` of them, newest first, older than `before`.
pub async fn list(
    connection: &mut PgConnection,
    before: Option<uuid::Uuid>,
    limit: i64,
) -> Result<Vec<Reconciliation>> {
    read(connection, None, before, limit).await
}
