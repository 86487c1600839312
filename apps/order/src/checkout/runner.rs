//! Drives sagas: takes hold of those that are due, makes their calls, has what came of them recorded.
//!
//! Invariant: a runner works on a saga only under a hold of its own, and every record names that hold. Whoever lost it,
//! by a crash, a freeze or a slow database, writes nothing any more; what it may have called meanwhile is asked again
//! by the next holder under the same id, and has its effect once. Returns are driven beside, by a runner of their own.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::checkout::handle::Held;
use crate::checkout::record::{RecordError, give_up, reach, record};
use crate::checkout::{Action, calls};
use crate::returns;
use crate::state::App;
use crate::store;
use crate::store::checkouts::Told;

/// For how long a hold keeps others away. Longer than a call may take.
pub const LEASE: Duration = Duration::from_secs(5);
/// A hold older than this is given up rather than begin another call under it.
const STALE: Duration = Duration::from_secs(2);
/// How long a saga waits at most for a runner when no wake-up reached it.
const POLL: Duration = Duration::from_millis(200);
/// The pause after the database failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How many sagas one runner drives at once.
const MOST: usize = 64;

/// The runner of one process. Any number of processes may run one.
pub struct Runner {
    app: App,
    inbox: mpsc::UnboundedReceiver<Held>,
    stopping: watch::Sender<bool>,
    room: Arc<Semaphore>,
}

impl Runner {
    /// A runner with the other end of [`Checkouts::new`].
    #[must_use]
    pub fn new(app: App, inbox: mpsc::UnboundedReceiver<Held>) -> Self {
        Self {
            app,
            inbox,
            stopping: watch::Sender::new(false),
            room: Arc::new(Semaphore::new(MOST)),
        }
    }

    /// Drives sagas until `ended` is ready; then every call under way is finished and recorded, and what is left is
    /// given up for another process, or the next start, to go on with at once.
    pub async fn run(mut self, ended: impl Future<Output = ()>) {
        let mut ended = pin!(ended);
        let claiming = tokio::spawn(claim_until(
            self.app.clone(),
            Arc::clone(&self.room),
            self.stopping.subscribe(),
        ));
        let returns = tokio::spawn(returns::runner::run(
            self.app.clone(),
            self.stopping.subscribe(),
        ));
        let mut driven = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut ended => break,
                Some(held) = self.inbox.recv() => {
                    tokio::select! {
                        () = &mut ended => {
                            self.app.checkouts.hand_over(held);
                            break;
                        }
                        room = Arc::clone(&self.room).acquire_owned() => {
                            let (app, stopping) = (self.app.clone(), self.stopping.subscribe());
                            let span = held.span.clone();
                            let drive = async move {
                                drive(&app, held, &stopping).await;
                                drop(room);
                            };
                            driven.spawn(drive.instrument(span));
                        }
                    }
                }
                Some(ended) = driven.join_next(), if !driven.is_empty() => report_panic(ended),
            }
        }
        self.stopping.send_replace(true);
        report_panic(claiming.await);
        report_panic(returns.await);
        while let Some(ended) = driven.join_next().await {
            report_panic(ended);
        }
        self.inbox.close();
        while let Some(held) = self.inbox.recv().await {
            if let Err(error) = give_up(&self.app, &held).await {
                report(&error);
                // Their leases end by themselves.
                return;
            }
        }
    }
}

/// Takes hold of due sagas as long as there is room for them.
async fn claim_until(app: App, room: Arc<Semaphore>, mut stopping: watch::Receiver<bool>) {
    while !*stopping.borrow_and_update() {
        let free = room.available_permits();
        let claimed = if free == 0 {
            Ok(0)
        } else {
            claim(&app, free).await
        };
        let pause = match claimed {
            // As many as there was room for: there may be more.
            Ok(claimed) if claimed > 0 && claimed == free => continue,
            Ok(_) => POLL,
            Err(error) => {
                report(&error);
                PAUSE
            }
        };
        tokio::select! {
            _ = stopping.changed() => {}
            () = app.checkouts.woken() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Takes hold of at most `most` sagas and hands them to the runner; says how many.
async fn claim(app: &App, most: usize) -> Result<usize, RecordError> {
    let since = Instant::now();
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let mut connection = app.db.acquire().await?;
    let claimed =
        store::checkouts::claim(&mut connection, app.checkouts.owner(), LEASE, limit).await?;
    if claimed.is_empty() {
        return Ok(0);
    }
    let count = claimed.len();
    let ids: Vec<_> = claimed.iter().map(|claimed| claimed.hold.order.0).collect();
    let mut orders: HashMap<_, _> = store::orders::find_all(&mut connection, &ids)
        .await?
        .into_iter()
        .map(|order| (order.id.0, order))
        .collect();
    let now = app.clock.now();
    for claimed in claimed {
        let Some(order) = orders.remove(&claimed.hold.order.0) else {
            continue;
        };
        let span = tracing::info_span!(parent: None, "checkout", order.id = %order.id.0);
        if let Some(parent) = &claimed.trace_parent {
            dapr_kit::trace::continue_from(&span, parent);
        }
        let saga = if claimed.lost {
            claimed.saga.interrupted(now)
        } else {
            claimed.saga
        };
        let saga = match saga.cancel {
            Some(reason) => saga.cancelled(reason, now),
            None => saga,
        };
        app.checkouts.hand_over(Held {
            hold: claimed.hold,
            order,
            saga,
            card_token: claimed.card_token,
            since,
            span,
        });
    }
    Ok(count)
}

/// Takes a saga from action to action until it is over, parked, to be tried later, or lost.
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

/// Takes the present action and records it. Returns the saga if the hold on it goes on.
async fn advance(
    app: &App,
    held: Held,
    stopping: &watch::Receiver<bool>,
) -> Result<Option<Held>, RecordError> {
    let Some(Action::Call(call)) = held.saga.next() else {
        return record(app, held, None, stopping).await;
    };
    if *stopping.borrow() || held.since.elapsed() > STALE {
        give_up(app, &held).await?;
        return Ok(None);
    }
    reach(call.name(), "before_call");
    let started = Instant::now();
    let outcome = calls::make(app, call, &held.order, held.card_token.as_deref()).await;
    metrics::histogram!("crema_checkout_step_seconds", "step" => call.name(), "outcome" => outcome.name())
        .record(started.elapsed());
    tracing::debug!(
        step = call.name(),
        outcome = outcome.name(),
        note = outcome.note(),
        "a step was tried"
    );
    let told = Told {
        action: call.name(),
        outcome: outcome.name(),
        note: outcome.note().map(str::to_owned),
    };
    let saga = held.saga.took(outcome, app.clock.now());
    record(app, Held { saga, ..held }, Some((call, told)), stopping).await
}

fn report(error: &RecordError) {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "a checkout waits for the end of its lease"
    );
}

fn report_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a checkout's task broke off");
    }
}
