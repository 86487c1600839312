//! The sagas of orders: where each stands, who holds it, and what it did.
//!
//! Invariant: what a holder writes names the number of its hold (the fence). A hold that was lost to a newer one writes
//! nothing any more, and is told so.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::checkout::{Direction, Phase, Saga, Step};
use crate::order::{OrderId, Reason};
use crate::store::Result;

/// A hold on a saga: nobody else works on it until its lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which saga.
    pub order: OrderId,
    /// Rises by one with each hold.
    pub fence: i64,
}

/// A saga that was taken hold of. Not `Debug`: it carries a card's token.
pub struct Claimed {
    /// The hold.
    pub hold: Hold,
    /// Where it stands.
    pub saga: Saga,
    /// Whether an earlier holder did not give it up.
    pub lost: bool,
    /// The card's token, while it is needed.
    pub card_token: Option<String>,
    /// The trace that it belongs to.
    pub trace_parent: Option<String>,
}

/// A new saga, held by the process that places its order. Not `Debug`: it carries a card's token.
#[derive(Clone, Copy)]
pub struct NewSaga<'a> {
    /// Where it begins.
    pub saga: &'a Saga,
    /// The card's token, if a card is charged.
    pub card_token: Option<&'a str>,
    /// Who holds it from the start. This first hold has the fence 1.
    pub owner: Uuid,
    /// For how long.
    pub lease: Duration,
}

/// One line of a saga's history.
#[derive(Clone, Debug)]
pub struct Told {
    /// What was done.
    pub action: &'static str,
    /// How it ended.
    pub outcome: &'static str,
    /// What is to be said about it.
    pub note: Option<String>,
}

/// What its holder does with a saga next.
#[derive(Clone, Copy, Debug)]
pub enum Lease {
    /// Goes on with it; the lease begins anew.
    Keep(Duration),
    /// Leaves it to whoever comes after this pause.
    GiveUp(Duration),
}

#[expect(clippy::struct_excessive_bools, reason = "a row as it is stored")]
struct SagaRow {
    order_id: OrderId,
    state: String,
    direction: Direction,
    step: Step,
    charged: bool,
    tries: i32,
    doubt: bool,
    captured: bool,
    deadline: DateTime<Utc>,
    cancel: Option<Reason>,
    reason: Option<Reason>,
    last_error: Option<String>,
    card_token: Option<String>,
    trace_parent: Option<String>,
    fence: i64,
    lost: bool,
}

impl From<SagaRow> for Claimed {
    fn from(row: SagaRow) -> Self {
        let phase = match (row.state.as_str(), row.direction) {
            ("settled", direction) => Phase::Settled(direction),
            ("manual", _) => Phase::Manual(row.step),
            (_, Direction::Forward) => Phase::Forward(row.step),
            (_, Direction::Back) => Phase::Back(row.step),
        };
        Self {
            hold: Hold {
                order: row.order_id,
                fence: row.fence,
            },
            saga: Saga {
                charged: row.charged,
                phase,
                tries: u32::try_from(row.tries).unwrap_or_default(),
                doubt: row.doubt,
                captured: row.captured,
                deadline: row.deadline,
                cancel: row.cancel,
                reason: row.reason,
                last_error: row.last_error,
            },
            lost: row.lost,
            card_token: row.card_token,
            trace_parent: row.trace_parent,
        }
    }
}

/// A saga's phase as it is stored.
pub(super) struct PhaseRow {
    pub state: &'static str,
    pub direction: Direction,
    pub step: Step,
}

impl From<Phase> for PhaseRow {
    fn from(phase: Phase) -> Self {
        let (state, direction, step) = match phase {
            Phase::Forward(step) => ("running", Direction::Forward, step),
            Phase::Back(step) => ("running", Direction::Back, step),
            Phase::Manual(step) => ("manual", Direction::Back, step),
            Phase::Settled(Direction::Forward) => ("settled", Direction::Forward, Step::Confirm),
            Phase::Settled(Direction::Back) => ("settled", Direction::Back, Step::Place),
        };
        Self {
            state,
            direction,
            step,
        }
    }
}

/// Takes hold of at most `limit` sagas that nobody holds, the longest waiting first.
pub async fn claim(
    connection: &mut PgConnection,
    owner: Uuid,
    lease: Duration,
    limit: i64,
) -> Result<Vec<Claimed>> {
    let rows = sqlx::query_as!(
        SagaRow,
        r#"WITH due AS (
               SELECT order_id, owner IS NOT NULL AS lost FROM checkouts
               WHERE state = 'running' AND claimable_at <= clock_timestamp()
               ORDER BY claimable_at LIMIT $3 FOR UPDATE SKIP LOCKED
           )
           UPDATE checkouts AS saga
           SET owner = $1, fence = fence + 1, claimable_at = clock_timestamp() + $2::bigint * interval '1 millisecond'
           FROM due WHERE saga.order_id = due.order_id
           RETURNING saga.order_id AS "order_id: OrderId", state, direction AS "direction: Direction",
                     step AS "step: Step", charged, tries, doubt, captured, deadline, cancel AS "cancel: Reason",
                     reason AS "reason: Reason", last_error, card_token, trace_parent, fence, lost AS "lost!""#,
        owner,
        millis(lease),
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Claimed::from).collect())
}

/// What became of a holder's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is written. Perhaps somebody wishes the order undone.
    Yes(Option<Reason>),
    /// The hold was lost to a newer one, or, if the record was not to outrun a wish to cancel, there is such a wish.
    No,
}

/// Writes where a saga stands and what it did, if `hold` is still the newest; with `unless_cancelled`, and if nobody
/// wishes the order undone.
pub async fn record(
    connection: &mut PgConnection,
    hold: Hold,
    saga: &Saga,
    told: &[Told],
    lease: Lease,
    unless_cancelled: bool,
    now: DateTime<Utc>,
) -> Result<Recorded> {
    let phase = PhaseRow::from(saga.phase);
    let (keep, claimable_in) = match lease {
        Lease::Keep(lease) => (saga.next().is_some(), lease),
        Lease::GiveUp(pause) => (false, pause),
    };
    let told = Lines::of(told);
    let cancel = sqlx::query_scalar!(
        r#"WITH saga AS (
               UPDATE checkouts
               SET state = $3, direction = $4, step = $5, tries = $6, doubt = $7, captured = $8, reason = $9,
                   last_error = $10, card_token = CASE WHEN $11 THEN card_token END,
                   owner = CASE WHEN $12 THEN owner END,
                   claimable_at = clock_timestamp() + $13::bigint * interval '1 millisecond',
                   parked_at = CASE WHEN $3 = 'manual' THEN $14::timestamptz END,
                   settled_at = CASE WHEN $3 = 'settled' THEN $14::timestamptz END
               WHERE order_id = $1 AND fence = $2 AND (cancel IS NULL OR NOT $15)
               RETURNING order_id, cancel
           ), told AS (
               INSERT INTO checkout_history (order_id, at, fence, action, outcome, note)
               SELECT saga.order_id, $14, $2, line.action, line.outcome, line.note
               FROM saga, unnest($16::text[], $17::text[], $18::text[])
                          WITH ORDINALITY AS line (action, outcome, note, ordinal)
               ORDER BY ordinal
           )
           SELECT cancel AS "cancel: Reason" FROM saga"#,
        hold.order.0,
        hold.fence,
        phase.state,
        phase.direction as Direction,
        phase.step as Step,
        i32::try_from(saga.tries).unwrap_or(i32::MAX),
        saga.doubt,
        saga.captured,
        saga.reason as Option<Reason>,
        saga.last_error,
        saga.needs_token(),
        keep,
        millis(claimable_in),
        now,
        unless_cancelled,
        &told.actions,
        &told.outcomes,
        &told.notes as &[Option<String>],
    )
    .fetch_optional(connection)
    .await?;
    Ok(cancel.map_or(Recorded::No, Recorded::Yes))
}

/// An order's saga, locked until the caller's transaction ends. Lock the order first.
pub async fn find_for_update(
    connection: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Claimed>> {
    let row = sqlx::query_as!(
        SagaRow,
        r#"SELECT order_id AS "order_id: OrderId", state, direction AS "direction: Direction", step AS "step: Step",
                  charged, tries, doubt, captured, deadline, cancel AS "cancel: Reason", reason AS "reason: Reason",
                  last_error, card_token, trace_parent, fence, owner IS NOT NULL AS "lost!"
           FROM checkouts WHERE order_id = $1 FOR UPDATE"#,
        order.0,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Claimed::from))
}

/// Notes the wish to undo a running saga; its holder sees it with its next record. Without a holder it is due at once.
pub async fn wish_cancelled(
    connection: &mut PgConnection,
    order: OrderId,
    reason: Reason,
) -> Result<()> {
    sqlx::query!(
        "UPDATE checkouts
         SET cancel = coalesce(cancel, $2),
             claimable_at = CASE WHEN owner IS NULL THEN clock_timestamp() ELSE claimable_at END
         WHERE order_id = $1",
        order.0,
        reason as Reason,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes a saga that a person has changed: whoever held it has lost it, and it is due at once.
pub async fn replace(
    connection: &mut PgConnection,
    order: OrderId,
    saga: &Saga,
    told: &Told,
    now: DateTime<Utc>,
) -> Result<()> {
    let phase = PhaseRow::from(saga.phase);
    sqlx::query!(
        "WITH saga AS (
             UPDATE checkouts
             SET state = $2, direction = $3, step = $4, tries = $5, doubt = $6, captured = $7, reason = $8,
                 card_token = NULL, owner = NULL, fence = fence + 1, claimable_at = clock_timestamp(),
                 parked_at = NULL, settled_at = CASE WHEN $2 = 'settled' THEN $9::timestamptz END
             WHERE order_id = $1
         )
         INSERT INTO checkout_history (order_id, at, action, outcome, note) VALUES ($1, $9, $10, $11, $12)",
        order.0,
        phase.state,
        phase.direction as Direction,
        phase.step as Step,
        i32::try_from(saga.tries).unwrap_or(i32::MAX),
        saga.doubt,
        saga.captured,
        saga.reason as Option<Reason>,
        now,
        told.action,
        told.outcome,
        told.note,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How many sagas wait for a person.
pub async fn count_manual(connection: &mut PgConnection) -> Result<i64> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM checkouts WHERE state = 'manual'"#)
        .fetch_one(connection)
        .await
}

/// Lines of history, column by column.
struct Lines {
    actions: Vec<String>,
    outcomes: Vec<String>,
    notes: Vec<Option<String>>,
}

impl Lines {
    fn of(told: &[Told]) -> Self {
        Self {
            actions: told.iter().map(|line| line.action.to_owned()).collect(),
            outcomes: told.iter().map(|line| line.outcome.to_owned()).collect(),
            notes: told.iter().map(|line| line.note.clone()).collect(),
        }
    }
}

/// A duration as PostgreSQL is given it.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
