//! All deliveries, in the order of what happened to them.
//!
//! Invariant: a line is on disk before it counts, and lines count in their order; so a restart ends where this process
//! stands.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::delivery::{Delivery, State};
use crate::journal::{Fact, Journal, JournalError, Line};

/// What stands under an idempotency key.
#[derive(Clone, Debug)]
pub enum Under {
    /// A delivery, booked by a request with this digest.
    Delivery {
        /// Its id.
        id: String,
        /// Of the request.
        digest: Vec<u8>,
    },
    /// Nothing, for ever: it was called off before anything was booked.
    Nothing,
}

/// Something that the shipper is told when he asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Update {
    /// Higher than that of everything told before.
    pub seq: u64,
    /// When it happened.
    #[serde(with = "service::clock::rfc3339")]
    pub at: DateTime<Utc>,
    /// Of which delivery.
    pub delivery: String,
    /// The shipper's name for that.
    pub reference: String,
    /// How far it has come.
    pub state: State,
    /// In words.
    pub note: &'static str,
    /// When it will be at the door.
    pub expected_at: Option<DateTime<Utc>>,
}

/// The book.
#[derive(Debug, Default)]
struct Pages {
    newest: u64,
    deliveries: HashMap<String, Delivery>,
    keys: HashMap<String, Under>,
    moving: BTreeSet<String>,
    updates: BTreeMap<u64, Update>,
}

/// The book with its journal.
#[derive(Debug)]
pub struct Book {
    pages: Pages,
    journal: Journal,
    step: TimeDelta,
}

impl Book {
    /// Opens it on its journal. A courier needs `step` from one step to the next.
    pub fn open(path: &Path, step: TimeDelta) -> Result<Self, JournalError> {
        let mut pages = Pages::default();
        let journal = Journal::open(path, |line| pages.apply(line, step))?;
        Ok(Self {
            pages,
            journal,
            step,
        })
    }

    /// Whether it can still be written.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.journal.is_sound()
    }

    /// What stands under a key.
    #[must_use]
    pub fn under(&self, key: &str) -> Option<&Under> {
        self.pages.keys.get(key)
    }

    /// A delivery.
    #[must_use]
    pub fn delivery(&self, id: &str) -> Option<&Delivery> {
        self.pages.deliveries.get(id)
    }

    /// At most `most` updates behind `after`, oldest first.
    #[must_use]
    pub fn updates(&self, after: u64, most: usize) -> Vec<Update> {
        let behind = self.pages.updates.range(after.saturating_add(1)..);
        behind
            .take(most)
            .map(|(_, update)| update.clone())
            .collect()
    }

    /// Lets happen what has become due by now, in the order in which it did.
    pub fn advance(&mut self, now: DateTime<Utc>) -> Result<(), JournalError> {
        loop {
            let moving = self.pages.moving.iter();
            let due = moving
                .filter_map(|id| {
                    let (state, at) = self.pages.deliveries.get(id)?.next(self.step)?;
                    (at <= now).then(|| (at, id.clone(), state))
                })
                .min_by_key(|(at, _, _)| *at);
            let Some((at, id, state)) = due else {
                return Ok(());
            };
            self.enter(at, Fact::Moved { id, state })?;
        }
    }

    /// Notes what happened.
    pub fn enter(&mut self, at: DateTime<Utc>, fact: Fact) -> Result<(), JournalError> {
        let seq = self.pages.newest + 1;
        let line = Line { seq, at, fact };
        self.journal.append(&line)?;
        self.pages.apply(line, self.step)
    }
}

impl Pages {
    fn apply(&mut self, line: Line, step: TimeDelta) -> Result<(), JournalError> {
        let wrong = JournalError::Inconsistent(line.seq);
        if line.seq != self.newest + 1 {
            return Err(wrong);
        }
        self.newest = line.seq;
        let moved = match line.fact {
            Fact::Booked {
                key,
                digest,
                delivery,
            } => {
                let id = delivery.id.clone();
                let under = Under::Delivery {
                    id: id.clone(),
                    digest,
                };
                if self.keys.insert(key, under).is_some() {
                    return Err(wrong);
                }
                self.deliveries.insert(id.clone(), delivery);
                (id, State::Accepted)
            }
            Fact::Moved { id, state } => (id, state),
            Fact::CalledOff { key } => match self.keys.get(&key) {
                Some(Under::Delivery { id, .. }) => (id.clone(), State::Cancelled),
                Some(Under::Nothing) => return Err(wrong),
                None => {
                    self.keys.insert(key, Under::Nothing);
                    return Ok(());
                }
            },
        };
        let (id, state) = moved;
        let Some(delivery) = self.deliveries.get_mut(&id) else {
            return Err(wrong);
        };
        (delivery.state, delivery.at) = (state, line.at);
        if delivery.next(step).is_some() {
            self.moving.insert(id);
        } else {
            self.moving.remove(&id);
        }
        let update = Update {
            seq: line.seq,
            at: line.at,
            delivery: delivery.id.clone(),
            reference: delivery.reference.clone(),
            state,
            note: state.note(),
            expected_at: delivery.expected_at(step),
        };
        self.updates.insert(line.seq, update);
        Ok(())
    }
}
