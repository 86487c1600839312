//! Records what a runner did for a return, and tells the news once all of it is done.
//!
//! Invariant: a return that is done, what led there and its event are one transaction, and everything is written only
//! under the newest hold.

use std::time::Duration;

use service::database;
use service::failpoint;
use tokio::sync::watch;

use crate::checkout::runner::LEASE;
use crate::events;
use crate::returns::process::{Outcome, Phase, Step};
use crate::returns::runner::Held;
use crate::state::App;
use crate::store;
use crate::store::return_holds::{Lease, OURSELVES, Told};

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// An event can't be written as JSON.
    #[error("an event can't be written")]
    Encode(#[from] serde_json::Error),
}

/// Records where the process has come to after a call. Returns the return if the hold on it goes on.
pub async fn record(
    app: &App,
    held: Held,
    step: Step,
    outcome: Outcome,
    stopping: &watch::Receiver<bool>,
) -> Result<Option<Held>, RecordError> {
    let told = Told {
        actor: OURSELVES,
        action: step.name(),
        outcome: outcome.name(),
        note: outcome.note(),
    };
    let process = held.process.took(outcome.clone());
    let pause = process.pause();
    let keep = process.next().is_some() && pause.is_zero() && !*stopping.borrow();
    let lease = if keep {
        Lease::Keep(LEASE)
    } else {
        Lease::GiveUp(pause)
    };
    let now = app.clock.now();
    let mut connection = app.db.acquire().await?;
    reach(step, "before_commit");
    let recorded =
        store::return_holds::record(&mut connection, held.hold, &process, told, lease, now).await?;
    reach(step, "after_commit");
    if !recorded {
        lost(held.hold.fence);
        return Ok(None);
    }
    if let Phase::Manual(step) = process.phase {
        metrics::counter!("crema_returns_parked_total").increment(1);
        tracing::warn!(return.id = %held.it.id.0, step = step.name(), "a return waits for a person");
    }
    let since = std::time::Instant::now();
    Ok(keep.then_some(Held {
        process,
        since,
        ..held
    }))
}

/// Ends a return of which all is done: its row, its history and its event.
pub async fn finish(app: &App, held: Held) -> Result<(), RecordError> {
    let now = app.clock.now();
    let process = held.process.took(Outcome::Done);
    let told = Told {
        actor: OURSELVES,
        action: Step::Finish.name(),
        outcome: Outcome::Done.name(),
        note: None,
    };
    let lease = Lease::GiveUp(Duration::ZERO);
    let mut transaction = database::begin(&app.db).await?;
    let recorded =
        store::return_holds::record(&mut transaction, held.hold, &process, told, lease, now)
            .await?;
    if !recorded {
        lost(held.hold.fence);
        return Ok(());
    }
    let order = store::orders::find(&mut transaction, held.it.order_id)
        .await?
        .ok_or(sqlx::Error::RowNotFound)?;
    let zone = store::orders::zone(&mut transaction, order.id).await?;
    let event = events::returned(&order, zone, &held.it, &app.ids, now)?;
    outbox::append(&mut transaction, &[event]).await?;
    reach(Step::Finish, "before_commit");
    transaction.commit().await?;
    reach(Step::Finish, "after_commit");
    app.outbox.wake();
    metrics::counter!("crema_returns_done_total").increment(1);
    tracing::info!(return.id = %held.it.id.0, order.id = %order.id.0, "a return is done");
    Ok(())
}

/// Gives a hold up at once, with nothing done under it that is not recorded.
pub async fn give_up(app: &App, held: &Held) -> Result<(), RecordError> {
    let mut connection = app.db.acquire().await?;
    // Lost or given up: either way it is no longer ours.
    store::return_holds::give_up(&mut connection, held.hold).await?;
    Ok(())
}

fn lost(fence: i64) {
    tracing::warn!(fence, "a hold on a return was lost to a newer one");
    metrics::counter!("crema_returns_fenced_total").increment(1);
}

/// A place where a test may kill this process.
pub fn reach(step: Step, place: &str) {
    failpoint::reach(&format!("order.return_{}.{place}", step.name()));
}
