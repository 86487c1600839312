//! Records what a runner did, and takes the steps of the order that follow from it.
//!
//! Invariant: a step of the order, its history, its event, the saga and what led there are one transaction, and it is
//! written only under the newest hold. Confirming never outruns a wish to cancel.

use std::time::{Duration, Instant};

use service::database;
use service::failpoint;
use tokio::sync::watch;

use crate::checkout::Action;
use crate::checkout::handle::Held;
use crate::checkout::runner::LEASE;
use crate::checkout::{Call, Direction, Outcome, Phase, Saga};
use crate::events;
use crate::lifecycle::{IllegalStep, Step};
use crate::state::App;
use crate::store;
use crate::store::checkouts::{Lease, Recorded, Told};

/// Who takes the steps of an order that follow from its saga: this service itself.
const OURSELVES: &str = "order";

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The transition table and the saga's table disagree.
    #[error(transparent)]
    Step(#[from] IllegalStep),
    /// An event can't be written as JSON.
    #[error("an event can't be written")]
    Encode(#[from] serde_json::Error),
}

/// Records where the saga has come to, with the step of the order that follows from it.
pub async fn record(
    app: &App,
    mut held: Held,
    done: Option<(Call, Told)>,
    stopping: &watch::Receiver<bool>,
) -> Result<Option<Held>, RecordError> {
    if let Some(step) = step_of(&held.saga) {
        match settle(app, &held, done.as_ref(), step).await? {
            Settled::Yes => return Ok(None),
            Settled::Lost => return Ok(lost(&held)),
            // Confirming never outruns a wish to cancel: what was done is recorded, and the saga turns round.
            Settled::Cancelled(saga) => held.saga = saga,
        }
    }
    let (call, told) = match done {
        Some((call, told)) => (Some(call.name()), vec![told]),
        None => (None, Vec::new()),
    };
    let pause = held.saga.pause();
    let keep = pause.is_zero() && !*stopping.borrow();
    let lease = if keep {
        Lease::Keep(LEASE)
    } else {
        Lease::GiveUp(pause)
    };
    let (since, now) = (Instant::now(), app.clock.now());
    let mut connection = app.db.acquire().await?;
    if let Some(call) = call {
        reach(call, "before_commit");
    }
    let recorded = store::checkouts::record(
        &mut connection,
        held.hold,
        &held.saga,
        &told,
        lease,
        false,
        now,
    )
    .await?;
    if let Some(call) = call {
        reach(call, "after_commit");
    }
    let Recorded::Yes(cancel) = recorded else {
        return Ok(lost(&held));
    };
    if !keep {
        return Ok(None);
    }
    let saga = match cancel {
        Some(reason) => held.saga.cancelled(reason, now),
        None => held.saga,
    };
    Ok(Some(Held {
        saga,
        since,
        ..held
    }))
}

/// The step of the order that a saga has come to.
fn step_of(saga: &Saga) -> Option<Step> {
    match (saga.next(), saga.phase) {
        (Some(Action::Take(step)), _) => Some(step),
        (None, Phase::Manual(_)) => Some(Step::Park),
        _ => None,
    }
}

enum Settled {
    Yes,
    /// Somebody wishes the order undone: the saga goes on like this.
    Cancelled(Saga),
    Lost,
}

/// Takes a step of the order that ends its checkout or parks it, and records it with the call that led there: order,
/// history, saga and event in one transaction.
async fn settle(
    app: &App,
    held: &Held,
    done: Option<&(Call, Told)>,
    step: Step,
) -> Result<Settled, RecordError> {
    let now = app.clock.now();
    let saga = held.saga.clone().took(Outcome::Done, now);
    let order = held.order.clone().as_far_as(saga.captured, saga.reason);
    let (order, transition) = order.take(step, OURSELVES, now)?;
    let transitions = [transition];
    let outcome = outcome_of(&saga);
    let mut told: Vec<_> = done.map(|(_, told)| told.clone()).into_iter().collect();
    told.push(Told {
        action: outcome.action,
        outcome: "done",
        note: None,
    });

    let mut transaction = database::begin(&app.db).await?;
    // The order's row before the saga's, as everywhere.
    match store::orders::update(&mut transaction, &order, &transitions).await {
        Err(sqlx::Error::RowNotFound) => return Ok(Settled::Lost),
        updated => updated?,
    }
    let recorded = store::checkouts::record(
        &mut transaction,
        held.hold,
        &saga,
        &told,
        Lease::GiveUp(Duration::ZERO),
        step == Step::Confirm,
        now,
    );
    if recorded.await? == Recorded::No {
        transaction.rollback().await?;
        return turned_or_lost(app, held).await;
    }
    outbox::append(
        &mut transaction,
        &events::of(&order, &transitions, &app.ids)?,
    )
    .await?;
    if let Some((call, _)) = done {
        reach(call.name(), "before_commit");
    }
    if step != Step::Park {
        reach(outcome.action, "before_commit");
    }
    transaction.commit().await?;
    if let Some((call, _)) = done {
        reach(call.name(), "after_commit");
    }
    if step != Step::Park {
        reach(outcome.action, "after_commit");
    }

    app.outbox.wake();
    metrics::counter!("crema_checkouts_settled_total", "outcome" => outcome.name).increment(1);
    tracing::info!(order.id = %order.id.0, outcome = outcome.name, reason = ?order.reason, "a checkout has ended");
    app.checkouts.tell(order);
    Ok(Settled::Yes)
}

struct End {
    action: &'static str,
    name: &'static str,
}

fn outcome_of(saga: &Saga) -> End {
    let (action, name) = match saga.phase {
        Phase::Settled(Direction::Forward) => ("confirm", "confirmed"),
        Phase::Settled(Direction::Back) => ("cancel", "cancelled"),
        Phase::Manual(_) | Phase::Forward(_) | Phase::Back(_) => ("park", "parked"),
    };
    End { action, name }
}

/// Why a record that was to confirm the order was not written.
async fn turned_or_lost(app: &App, held: &Held) -> Result<Settled, RecordError> {
    let mut transaction = database::begin(&app.db).await?;
    let found = store::checkouts::find_for_update(&mut transaction, held.hold.order).await?;
    Ok(match found {
        Some(found) if found.hold == held.hold => match found.saga.cancel {
            Some(reason) => {
                Settled::Cancelled(held.saga.clone().cancelled(reason, app.clock.now()))
            }
            None => Settled::Lost,
        },
        _ => Settled::Lost,
    })
}

fn lost(held: &Held) -> Option<Held> {
    tracing::warn!(order.id = %held.hold.order.0, fence = held.hold.fence, "a hold was lost to a newer one");
    metrics::counter!("crema_checkouts_fenced_total").increment(1);
    None
}

/// Gives a hold up at once, with nothing done under it that is not recorded.
pub async fn give_up(app: &App, held: &Held) -> Result<(), RecordError> {
    let mut connection = app.db.acquire().await?;
    let lease = Lease::GiveUp(Duration::ZERO);
    let now = app.clock.now();
    // Lost or given up: either way it is no longer ours.
    let _ = store::checkouts::record(
        &mut connection,
        held.hold,
        &held.saga,
        &[],
        lease,
        false,
        now,
    )
    .await?;
    Ok(())
}

/// A place where a test may kill this process.
pub fn reach(action: &str, place: &str) {
    failpoint::reach(&format!("order.{action}.{place}"));
}
