//! Publishes what the outbox holds, in order, through the sidecar.
//!
//! Invariant: at most one relay per database publishes (an advisory lock on the connection that all its statements
//! use), and no transaction is open while it does. That connection is given up when the pool has another login: one that
//! was in use for ever could never be locked.

use std::collections::HashSet;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use dapr_kit::{Dapr, DaprError, Envelope};
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::event::Event;

/// The advisory lock's key: "outbox" in ASCII. Such locks are per database, hence per service.
const LOCK: i64 = 0x6f75_7462_6f78;
/// How long an event waits at most for the relay when no wake-up reached it.
const POLL: Duration = Duration::from_millis(100);
/// How often a relay without the lock tries to get it. It polls because a statement that waits for the lock would
/// hold a snapshot, and so hold vacuum back, for as long as the other relay lives.
const STANDBY: Duration = Duration::from_secs(1);
/// The first pause after a failure, doubled with each further one up to [`STANDBY`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long draining may take at shutdown. What is left is published by the next start.
const DRAIN: Duration = Duration::from_secs(3);
/// Events per publish at most: each batch costs three waits, for a read, the broker and a delete.
const BATCH: i64 = 500;
/// Bytes of events per publish, unless a single one has more: half of what a sidecar takes in one message.
const BATCH_BYTES: usize = 512 * 1024;

/// The publisher of one service's events. Any number may run; one publishes.
pub struct Relay {
    pool: PgPool,
    dapr: Dapr,
    pubsub: String,
    topic: String,
    wake: Arc<Notify>,
}

/// Tells the relay of this process that something was committed. One by default has no relay and wakes nobody.
#[derive(Clone, Debug, Default)]
pub struct Waker(Arc<Notify>);

impl Waker {
    /// Call it after the commit. Calls coalesce; a lost one costs a poll interval, never an event.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error("the outbox can't be read")]
    Database(#[from] sqlx::Error),
    #[error("the sidecar did not take the events")]
    Publish(#[from] DaprError),
    #[error("an event can't be written as JSON")]
    Encode(#[from] serde_json::Error),
}

/// Whether the outbox still held something when a batch was read.
#[derive(PartialEq, Eq)]
enum Left {
    Nothing,
    Something,
}

/// What ended a wait.
enum Woken {
    Work,
    Shutdown,
}

/// What ended a lead, without an error.
enum Ended {
    Shutdown,
    /// The pool has another login.
    Login,
}

/// The connection that holds the lock, and by which login.
struct Leader {
    connection: PgConnection,
    login: String,
}

impl Relay {
    /// A relay that publishes to `topic` of the component `pubsub`, keyed by the events' subjects.
    #[must_use]
    pub fn new(pool: PgPool, dapr: Dapr, pubsub: &str, topic: &str) -> Self {
        Self {
            pool,
            dapr,
            pubsub: pubsub.to_owned(),
            topic: topic.to_owned(),
            wake: Arc::default(),
        }
    }

    /// The handle by which a command says that it has committed.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.wake))
    }

    /// Publishes until `shutdown` is ready, then drains for at most three seconds.
    ///
    /// Let `shutdown` be ready only after the last command has ended, so that its events are drained too.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        let mut pause = FIRST_PAUSE;
        loop {
            match self.lead().await {
                Ok(Some(mut leader)) => {
                    pause = FIRST_PAUSE;
                    match self.publish_until(shutdown.as_mut(), &mut leader).await {
                        Ok(ended) => {
                            // The lock goes with the connection; an error here means that it is gone already.
                            let _ = leader.connection.close().await;
                            match ended {
                                Ended::Shutdown => return,
                                Ended::Login => continue,
                            }
                        }
                        Err(error) => report(&error),
                    }
                }
                Ok(None) => pause = STANDBY,
                Err(error) => report(&error),
            }
            // Not leading: there is nothing that a wake-up could make this relay do.
            if timeout(pause, shutdown.as_mut()).await.is_ok() {
                return;
            }
            pause = STANDBY.min(pause * 2);
        }
    }

    /// A connection that holds the lock, or nothing while another relay has it.
    async fn lead(&self) -> Result<Option<Leader>, RelayError> {
        let mut connection = self.pool.acquire().await?;
        let row = sqlx::query!(
            r#"SELECT pg_try_advisory_lock($1) AS "locked!", session_user::text AS "login!""#,
            LOCK
        )
        .fetch_one(&mut *connection)
        .await?;
        // Detached: held for as long as the login is in use, it must not count against the pool of the requests.
        Ok(row.locked.then(|| Leader {
            connection: connection.detach(),
            login: row.login,
        }))
    }

    /// Publishes batch after batch. Returns at shutdown and when the login has changed; a database error ends the lead, a
    /// refusing sidecar does not.
    async fn publish_until(
        &self,
        mut shutdown: Pin<&mut impl Future<Output = ()>>,
        Leader { connection, login }: &mut Leader,
    ) -> Result<Ended, RelayError> {
        let mut pause = FIRST_PAUSE;
        loop {
            if self.pool.connect_options().get_username() != login {
                return Ok(Ended::Login);
            }
            // Never cancelled halfway: a batch that was sent but not deleted would be sent twice.
            let woken = match self.publish_batch(connection).await {
                Ok(Left::Nothing) => {
                    pause = FIRST_PAUSE;
                    self.wait(shutdown.as_mut()).await
                }
                Ok(Left::Something) => {
                    pause = FIRST_PAUSE;
                    Woken::Work
                }
                Err(error @ RelayError::Database(_)) => return Err(error),
                Err(error) => {
                    report(&error);
                    let slept = timeout(pause, shutdown.as_mut()).await;
                    pause = STANDBY.min(pause * 2);
                    if slept.is_ok() {
                        Woken::Shutdown
                    } else {
                        Woken::Work
                    }
                }
            };
            if matches!(woken, Woken::Shutdown) {
                self.drain(connection).await;
                return Ok(Ended::Shutdown);
            }
        }
    }

    async fn wait(&self, shutdown: Pin<&mut impl Future<Output = ()>>) -> Woken {
        tokio::select! {
            biased;
            () = shutdown => Woken::Shutdown,
            () = self.wake.notified() => Woken::Work,
            () = sleep(POLL) => Woken::Work,
        }
    }

    async fn drain(&self, leader: &mut PgConnection) {
        let drained = timeout(DRAIN, async {
            while self.publish_batch(leader).await? == Left::Something {}
            Ok::<_, RelayError>(())
        });
        match drained.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => report(&error),
            Err(_) => tracing::warn!("the outbox was not drained in time"),
        }
    }

    /// Publishes the oldest event of each subject and deletes them. On an error none is deleted, and all are sent again.
    ///
    /// What is committed meanwhile wakes the relay, so it is not looked for here.
    async fn publish_batch(&self, leader: &mut PgConnection) -> Result<Left, RelayError> {
        let rows = sqlx::query!(
            r#"SELECT position, id, source, type AS kind, subject, sequence, time, trace_parent, data,
                      extract(epoch FROM clock_timestamp() - stored_at)::float8 AS "age!"
               FROM outbox.events ORDER BY position LIMIT $1"#,
            BATCH
        )
        .fetch_all(&mut *leader)
        .await?;
        metrics::gauge!("crema_outbox_lag_seconds").set(rows.first().map_or(0.0, |row| row.age));
        if rows.is_empty() {
            return Ok(Left::Nothing);
        }
        let seen = rows.len();
        let mut positions = Vec::with_capacity(rows.len());
        let mut batch = Vec::with_capacity(rows.len());
        // The broker may take any part of a batch and refuse the rest. So a subject's next event waits for the batch
        // after the one that took its first: what is sent again is never older than what was taken.
        let mut subjects = HashSet::with_capacity(rows.len());
        let mut bytes = 0;
        for row in rows {
            if !subjects.insert(row.subject.clone()) {
                continue;
            }
            let event = Event {
                id: row.id,
                source: row.source,
                kind: row.kind,
                subject: row.subject,
                sequence: row.sequence,
                time: row.time,
                data: row.data,
            };
            let encoded = serde_json::to_vec(&event.cloud_event(row.trace_parent.as_deref()))?;
            bytes += encoded.len();
            if bytes > BATCH_BYTES && !batch.is_empty() {
                break;
            }
            positions.push(row.position);
            batch.push(Envelope {
                id: event.id.to_string(),
                key: event.subject.clone(),
                event: encoded,
            });
        }
        self.dapr
            .publish_bulk(&self.pubsub, &self.topic, &batch)
            .await?;
        // By position, each one: a transaction may still commit a lower one that this batch has not seen.
        sqlx::query!(
            "DELETE FROM outbox.events WHERE position = ANY($1)",
            &positions
        )
        .execute(leader)
        .await?;
        metrics::counter!("crema_events_published_total").increment(batch.len() as u64);
        let all = batch.len() == seen && i64::try_from(seen).is_ok_and(|seen| seen < BATCH);
        Ok(if all { Left::Nothing } else { Left::Something })
    }
}

fn report(error: &RelayError) {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "events wait in the outbox"
    );
}
