//! Who watches what, and telling them.
//!
//! Invariant: a subject that nobody watches takes no room; a watcher that is too slow is told that it missed something,
//! and never slows down another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bff_api::OrderChange;
use tokio::sync::{Semaphore, broadcast, watch};
use uuid::Uuid;

use super::seat::{MOST_PER_SESSION, MOST_STREAMS, Seat};
use crate::error::Error;
use crate::session::SessionKey;

/// How many changes of one subject a watcher may be behind.
const BACKLOG: usize = 32;
/// How many ended sessions a stream may be behind.
const ENDINGS: usize = 64;

/// What can be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// One order.
    Order(Uuid),
    /// All orders of one store.
    Store(Uuid),
}

/// The channels of what is watched, and how many seats each session has.
#[derive(Default)]
pub(super) struct Room {
    channels: HashMap<Subject, broadcast::Sender<Arc<OrderChange>>>,
    taken: HashMap<SessionKey, usize>,
}

/// The meeting point of consumed events and open streams. Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

pub(super) struct Inner {
    room: Mutex<Room>,
    /// Counts the occasions on which events may have been missed.
    missed: watch::Sender<u64>,
    ended: broadcast::Sender<SessionKey>,
    closing: watch::Sender<bool>,
    seats: Arc<Semaphore>,
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Hub {
    /// A hub with nobody in it.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            room: Mutex::default(),
            missed: watch::channel(0).0,
            ended: broadcast::channel(ENDINGS).0,
            closing: watch::channel(false).0,
            seats: Arc::new(Semaphore::new(MOST_STREAMS)),
        }))
    }

    /// Tells all who watch this order or this store.
    pub fn publish(&self, store: Uuid, change: OrderChange) {
        let change = Arc::new(change);
        let room = self.0.lock();
        for subject in [Subject::Order(change.order_id), Subject::Store(store)] {
            if let Some(watchers) = room.channels.get(&subject) {
                // Fails only when the last watcher is just leaving.
                let _ = watchers.send(change.clone());
            }
        }
    }

    /// Takes a seat that watches `subject` for the session.
    pub fn watch(&self, subject: Subject, session: SessionKey) -> Result<Seat, Error> {
        let permit = self
            .0
            .seats
            .clone()
            .try_acquire_owned()
            .map_err(|_| Error::TooManyStreams)?;
        let changes = {
            let mut room = self.0.lock();
            let taken = room.taken.entry(session.clone()).or_insert(0);
            if *taken == MOST_PER_SESSION {
                return Err(Error::TooManyOfOne);
            }
            *taken += 1;
            room.channels
                .entry(subject)
                .or_insert_with(|| broadcast::channel(BACKLOG).0)
                .subscribe()
        };
        metrics::gauge!("crema_live_streams_open").increment(1);
        Ok(Seat {
            changes: Some(changes),
            missed: self.0.missed.subscribe(),
            ended: self.0.ended.subscribe(),
            closing: self.0.closing.subscribe(),
            session,
            subject,
            hub: self.clone(),
            _permit: permit,
        })
    }

    /// Makes every stream look again: events may have passed us by.
    pub fn look_again(&self) {
        self.0.missed.send_modify(|count| *count += 1);
    }

    /// Ends the streams of a session that has ended.
    pub fn session_ended(&self, session: &SessionKey) {
        // Fails only when no stream is open.
        let _ = self.0.ended.send(session.clone());
    }

    /// Ends all streams: the process is about to.
    pub fn close(&self) {
        self.0.closing.send_replace(true);
    }

    /// How many streams are open.
    #[must_use]
    pub fn open(&self) -> usize {
        MOST_STREAMS - self.0.seats.available_permits()
    }

    pub(super) fn leave(&self, subject: Subject, session: &SessionKey) {
        metrics::gauge!("crema_live_streams_open").decrement(1);
        let mut room = self.0.lock();
        if room
            .channels
            .get(&subject)
            .is_some_and(|watchers| watchers.receiver_count() == 0)
        {
            room.channels.remove(&subject);
        }
        if let Some(taken) = room.taken.get_mut(session) {
            *taken -= 1;
            if *taken == 0 {
                room.taken.remove(session);
            }
        }
    }
}

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::seat::News;
    use crate::session::SessionId;
    use bff_api::{Checkout, Fulfilment};

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn change(order: u128, version: i64) -> OrderChange {
        OrderChange {
            order_id: id(order),
            number: "A-001".into(),
            checkout: Checkout::Confirmed,
            fulfilment: Fulfilment::Waiting,
            payment: None,
            reason: None,
            courier: None,
            version,
        }
    }

    fn session(number: u32) -> SessionKey {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        SessionId::new(id).key()
    }

    #[tokio::test]
    async fn watchers_hear_of_their_subject_alone_and_leave_nothing_behind() {
        let hub = Hub::new();
        let mut order = hub
            .watch(Subject::Order(id(1)), session(1))
            .expect("a seat");
        let mut store = hub
            .watch(Subject::Store(id(9)), session(2))
            .expect("a seat");
        hub.publish(id(9), change(2, 1));
        hub.publish(id(9), change(1, 2));
        hub.publish(id(8), change(3, 3));
        assert!(matches!(order.news().await, News::Change(change) if change.version == 2));
        assert!(matches!(store.news().await, News::Change(change) if change.version == 1));
        assert!(matches!(store.news().await, News::Change(change) if change.version == 2));
        assert_eq!(hub.open(), 2);
        drop((order, store));
        assert_eq!(hub.open(), 0);
        let room = hub.0.lock();
        assert!(room.channels.is_empty() && room.taken.is_empty());
    }

    #[tokio::test]
    async fn a_slow_watcher_is_told_to_look_again() {
        let hub = Hub::new();
        let mut seat = hub
            .watch(Subject::Order(id(1)), session(1))
            .expect("a seat");
        for version in 0..=i64::try_from(BACKLOG).expect("small") {
            hub.publish(id(9), change(1, version));
        }
        assert!(matches!(seat.news().await, News::Missed));
        hub.look_again();
        assert!(matches!(seat.news().await, News::Missed | News::Change(_)));
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_session_or_with_us() {
        let hub = Hub::new();
        let mut first = hub
            .watch(Subject::Order(id(1)), session(1))
            .expect("a seat");
        let mut second = hub
            .watch(Subject::Order(id(1)), session(2))
            .expect("a seat");
        hub.session_ended(&session(1));
        assert!(matches!(first.news().await, News::End));
        hub.close();
        assert!(matches!(second.news().await, News::End));
    }

    #[tokio::test]
    async fn there_are_only_so_many_seats() {
        let hub = Hub::new();
        let subject = Subject::Store(id(1));
        let mut taken: Vec<_> = (0..)
            .map_while(|number| hub.watch(subject, session(number)).ok())
            .collect();
        assert_eq!(taken.len(), MOST_STREAMS);
        assert!(matches!(
            hub.watch(subject, session(0)),
            Err(Error::TooManyStreams)
        ));
        taken.pop();
        assert!(hub.watch(subject, session(0)).is_ok());
    }

    #[tokio::test]
    async fn nobody_takes_all_seats_alone() {
        let hub = Hub::new();
        let subject = Subject::Store(id(1));
        let taken: Vec<_> = std::iter::repeat_with(|| hub.watch(subject, session(1)))
            .map_while(Result::ok)
            .collect();
        assert_eq!(taken.len(), MOST_PER_SESSION);
        assert!(matches!(
            hub.watch(subject, session(1)),
            Err(Error::TooManyOfOne)
        ));
        assert!(hub.watch(subject, session(2)).is_ok());
        drop(taken);
        assert!(hub.watch(subject, session(1)).is_ok());
    }
}
