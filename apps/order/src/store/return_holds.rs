//! Where returns stand, who holds them, and what they have been through.
//!
//! Invariant: what a holder writes names the number of its hold (the fence), as in `checkouts`; every change leaves a line
//! of history, in the statement of the change.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::returns::process::{Phase, Process, Step};
use crate::returns::{Return, ReturnId, State};
use crate::store::Result;
use crate::store::checkouts::millis;
use crate::store::returns::{add_to_lines, stored};

/// Who does what follows by itself: this service.
pub const OURSELVES: &str = "order";

/// A hold on a return: nobody else works on it until its lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which return.
    pub id: ReturnId,
    /// Rises by one with each hold.
    pub fence: i64,
}

/// A return that was taken hold of.
pub struct Claimed {
    /// The hold.
    pub hold: Hold,
    /// Where it stands, but for whether goods come back.
    pub process: Process,
    /// The trace that it belongs to.
    pub trace_parent: Option<String>,
}

/// One line of a return's history.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Who did it.
    pub actor: &'a str,
    /// What was done.
    pub action: &'static str,
    /// How it ended.
    pub outcome: &'static str,
    /// What is to be said about it.
    pub note: Option<&'a str>,
}

impl<'a> Told<'a> {
    /// What a person did.
    #[must_use]
    pub fn done(actor: &'a str, action: &'static str, note: Option<&'a str>) -> Self {
        Self {
            actor,
            action,
            outcome: "done",
            note,
        }
    }
}

/// What its holder does with a return next.
#[derive(Clone, Copy, Debug)]
pub enum Lease {
    /// Goes on with it; the lease begins anew.
    Keep(Duration),
    /// Leaves it to whoever comes after this pause.
    GiveUp(Duration),
}

/// Takes hold of at most `limit` returns that nobody holds, the longest waiting first.
pub async fn claim(
    connection: &mut PgConnection,
    owner: Uuid,
    lease: Duration,
    limit: i64,
) -> Result<Vec<Claimed>> {
    let rows = sqlx::query!(
        r#"WITH due AS (
               SELECT id, owner IS NOT NULL AS lost FROM returns
               WHERE state = 'running' AND claimable_at <= clock_timestamp()
               ORDER BY claimable_at LIMIT $3 FOR UPDATE SKIP LOCKED
           )
           UPDATE returns AS it
           SET owner = $1, fence = fence + 1, claimable_at = clock_timestamp() + $2::bigint * interval '1 millisecond'
           FROM due WHERE it.id = due.id
           RETURNING it.id AS "id: ReturnId", step AS "step: Step", tries, last_error, trace_parent, fence,
                     lost AS "lost!""#,
        owner,
        millis(lease),
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let process = Process {
                moves: false,
                phase: Phase::Running(row.step),
                tries: u32::try_from(row.tries).unwrap_or_default(),
                last_error: row.last_error,
            };
            Claimed {
                hold: Hold {
                    id: row.id,
                    fence: row.fence,
                },
                process: if row.lost {
                    process.interrupted()
                } else {
                    process
                },
                trace_parent: row.trace_parent,
            }
        })
        .collect())
}

/// Writes where a return stands and what was done, if `hold` is still the newest; says whether it is.
pub async fn record(
    connection: &mut PgConnection,
    hold: Hold,
    process: &Process,
    told: Told<'_>,
    lease: Lease,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (state, step) = stored(process.phase);
    let (keep, claimable_in) = match lease {
        Lease::Keep(lease) => (true, lease),
        Lease::GiveUp(pause) => (false, pause),
    };
    let recorded = sqlx::query!(
        "WITH it AS (
             UPDATE returns
             SET state = $3, step = $4, tries = $5, last_error = $6, owner = CASE WHEN $7 THEN owner END,
                 claimable_at = clock_timestamp() + $8::bigint * interval '1 millisecond',
                 ended_at = CASE WHEN $3 = 'done' THEN $9::timestamptz END
             WHERE id = $1 AND fence = $2 AND state = 'running' RETURNING id
         )
         INSERT INTO return_history (return_id, at, fence, actor, action, outcome, note)
         SELECT id, $9, $2, $10, $11, $12, $13 FROM it",
        hold.id.0,
        hold.fence,
        state as State,
        step as Step,
        i32::try_from(process.tries).unwrap_or(i32::MAX),
        process.last_error,
        keep,
        millis(claimable_in),
        now,
        told.actor,
        told.action,
        told.outcome,
        told.note,
    )
    .execute(connection)
    .await?;
    Ok(recorded.rows_affected() == 1)
}

/// Gives a hold up at once, if it is still the newest.
pub async fn give_up(connection: &mut PgConnection, hold: Hold) -> Result<()> {
    sqlx::query!(
        "UPDATE returns SET owner = NULL, claimable_at = clock_timestamp()
         WHERE id = $1 AND fence = $2 AND state = 'running'",
        hold.id.0,
        hold.fence,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Where a parked return stands. The caller has it locked.
pub async fn parked(connection: &mut PgConnection, it: &Return) -> Result<Option<Process>> {
    let row = sqlx::query!(
        r#"SELECT step AS "step: Step", tries, last_error FROM returns WHERE id = $1 AND state = 'manual'"#,
        it.id.0,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Process {
        moves: it.moves(),
        phase: Phase::Manual(row.step),
        tries: u32::try_from(row.tries).unwrap_or_default(),
        last_error: row.last_error,
    }))
}

/// Sends a return on its way, due at once, after what a person did. The caller has it locked.
pub async fn send_on(
    connection: &mut PgConnection,
    id: ReturnId,
    process: &Process,
    told: Told<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let (state, step) = stored(process.phase);
    let is_approval = told.action == "approve";
    sqlx::query!(
        "WITH it AS (
             UPDATE returns
             SET state = $2, step = $3, tries = $4, last_error = $5, owner = NULL, fence = fence + 1,
                 claimable_at = clock_timestamp(),
                 decided_by = CASE WHEN $6 THEN $8 ELSE decided_by END,
                 decided_at = CASE WHEN $6 THEN $7::timestamptz ELSE decided_at END
             WHERE id = $1
         )
         INSERT INTO return_history (return_id, at, actor, action, outcome, note) VALUES ($1, $7, $8, $9, $10, $11)",
        id.0,
        state as State,
        step as Step,
        i32::try_from(process.tries).unwrap_or(i32::MAX),
        process.last_error,
        is_approval,
        now,
        told.actor,
        told.action,
        told.outcome,
        told.note,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a return that a manager did not let go on; what it would have brought back is free again. The caller has it
/// locked.
pub async fn reject(
    connection: &mut PgConnection,
    it: &Return,
    told: Told<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    add_to_lines(connection, it, -1).await?;
    sqlx::query!(
        "WITH it AS (
             UPDATE returns SET state = 'rejected', decided_by = $3, decided_at = $2, ended_at = $2 WHERE id = $1
         )
         INSERT INTO return_history (return_id, at, actor, action, outcome, note) VALUES ($1, $2, $3, $4, $5, $6)",
        it.id.0,
        now,
        told.actor,
        told.action,
        told.outcome,
        told.note,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How many returns wait for a person to put them right.
pub async fn count_manual(connection: &mut PgConnection) -> Result<i64> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM returns WHERE state = 'manual'"#)
        .fetch_one(connection)
        .await
}
