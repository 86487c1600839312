//! Drives returns: takes hold of those that are due, makes their calls, has what came of them recorded.
//!
//! Invariant: that of the checkouts' runner, which starts and ends this one: work is done only under a hold of its own,
//! and every record names that hold.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::checkout::runner::LEASE;
use crate::returns::Return;
use crate::returns::calls::{self, Call};
use crate::returns::process::{Process, Step};
use crate::returns::record::{RecordError, finish, give_up, reach, record};
use crate::state::App;
use crate::store;
use crate::store::return_holds::Hold;

/// A hold older than this is given up rather than begin another call under it.
const STALE: Duration = Duration::from_secs(2);
/// How long a return waits at most for a runner when no wake-up reached it.
const POLL: Duration = Duration::from_millis(500);
/// The pause after the database failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How many returns one runner drives at once.
const MOST: usize = 8;

/// A return under a hold of this process.
pub struct Held {
    /// The hold.
    pub hold: Hold,
    /// What is returned.
    pub it: Return,
    /// Where it stands.
    pub process: Process,
    /// When the hold began, or was renewed.
    pub since: Instant,
}

/// Drives returns until the end is requested; every call under way is then finished and recorded.
pub async fn run(app: App, mut stopping: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(MOST));
    let mut driven = JoinSet::new();
    while !*stopping.borrow_and_update() {
        let claimed = claim(&app, &room, &stopping, &mut driven).await;
        let pause = match claimed {
            Ok(()) => POLL,
            Err(error) => {
                report(&error);
                PAUSE
            }
        };
        tokio::select! {
            _ = stopping.changed() => {}
            () = app.returns.woken() => {}
            Some(ended) = driven.join_next(), if !driven.is_empty() => report_panic(ended),
            () = tokio::time::sleep(pause) => {}
        }
    }
    while let Some(ended) = driven.join_next().await {
        report_panic(ended);
    }
}

/// Takes hold of as many due returns as there is room for, and drives each in a task of its own.
async fn claim(
    app: &App,
    room: &Arc<Semaphore>,
    stopping: &watch::Receiver<bool>,
    driven: &mut JoinSet<()>,
) -> Result<(), RecordError> {
    let mut places: Vec<OwnedSemaphorePermit> = Vec::new();
    while let Ok(place) = Arc::clone(room).try_acquire_owned() {
        places.push(place);
    }
    if places.is_empty() {
        return Ok(());
    }
    let since = Instant::now();
    let limit = i64::try_from(places.len()).unwrap_or(i64::MAX);
    let mut connection = app.db.acquire().await?;
    let owner = app.checkouts.owner();
    let claimed = store::return_holds::claim(&mut connection, owner, LEASE, limit).await?;
    for (claimed, place) in claimed.into_iter().zip(places) {
        let Some(it) = store::returns::find(&mut connection, claimed.hold.id).await? else {
            continue;
        };
        let span = tracing::info_span!(parent: None, "return", return.id = %it.id.0);
        if let Some(parent) = &claimed.trace_parent {
            dapr_kit::trace::continue_from(&span, parent);
        }
        let held = Held {
            hold: claimed.hold,
            process: Process {
                moves: it.moves(),
                ..claimed.process
            },
            it,
            since,
        };
        let (app, stopping) = (app.clone(), stopping.clone());
        let drive = async move {
            drive(&app, held, &stopping).await;
            drop(place);
        };
        driven.spawn(drive.instrument(span));
    }
    Ok(())
}

/// Takes a return from step to step until it is done, parked, to be tried later, or lost.
async fn drive(app: &App, mut held: Held, stopping: &watch::Receiver<bool>) {
    loop {
        match advance(app, held, stopping).await {
            Ok(Some(next)) => held = next,
            Ok(None) => return,
            // Its lease ends by itself, and somebody goes on from what is recorded.
            Err(error) => return report(&error),
        }
    }
}

/// Takes the present step and records it. Returns the return if the hold on it goes on.
async fn advance(
    app: &App,
    held: Held,
    stopping: &watch::Receiver<bool>,
) -> Result<Option<Held>, RecordError> {
    let (step, call) = match held.process.next() {
        Some(Step::Refund) => (Step::Refund, Call::Refund),
        Some(Step::Stock) => (Step::Stock, Call::Stock),
        Some(Step::Finish) => return finish(app, held).await.map(|()| None),
        None => return Ok(None),
    };
    if *stopping.borrow() || held.since.elapsed() > STALE {
        give_up(app, &held).await?;
        return Ok(None);
    }
    reach(step, "before_call");
    let outcome = calls::make(app, call, &held.it).await;
    tracing::debug!(
        step = step.name(),
        outcome = outcome.name(),
        note = outcome.note(),
        "a step of a return was tried"
    );
    record(app, held, step, outcome, stopping).await
}

fn report(error: &RecordError) {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "a return waits for the end of its lease"
    );
}

fn report_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a return's task broke off");
    }
}
