//! How much one caller may ask for: the table of limits, and who is counted as one caller.
//!
//! Invariant: everything is counted against the address that a connection comes from, which nobody can choose; a
//! session's own limit comes besides, so that an invented session buys nothing. Counting takes no room that grows.

mod bound;
mod caller;
mod counter;
mod shared;
mod table;

pub use bound::{Full, Inside, MOST_INSIDE, MOST_INSIDE_OF_ONE, MOST_LARGE};
pub use caller::Origin;
pub use counter::{Counter, DaprCounter};
pub use shared::ANSWERS;
pub use table::{Class, Limit, OF_AN_ORIGIN};

use std::sync::Arc;

use chrono::{DateTime, Utc};
use service::rate::{Table, Verdict};

use bound::{Bound, Large, Room};
use shared::Shared;

/// The most callers that are known at once; further ones push out who used least.
const CALLERS: usize = 32 * 1024;

/// All limits of this process. Cheap to clone.
#[derive(Clone)]
pub struct Limits {
    table: Arc<Table>,
    shared: Shared,
    bound: Bound,
    large: Large,
    factor: u32,
}

/// A limit, and the judgement by it.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    /// By which limit.
    pub limit: Limit,
    /// The judgement.
    pub verdict: Verdict,
}

impl Limits {
    /// Limits whose stricter ones are shared through `counter`; all of them `factor` times as wide as the table says.
    #[must_use]
    pub fn new(counter: Arc<dyn Counter>, factor: u32) -> Self {
        Self {
            table: Arc::new(Table::with_room_for(CALLERS)),
            shared: Shared::new(counter),
            bound: Bound::default(),
            large: Large::default(),
            factor,
        }
    }

    /// Counts a request of this class: against the origin, then against the session if there is one, and then, for what
    /// invites guessing, among all replicas. The strictest judgement is given.
    pub async fn charge(
        &self,
        class: Class,
        origin: Origin,
        session: Option<&str>,
        now: DateTime<Utc>,
    ) -> Judged {
        let mut judged = None;
        if class.counts_for_origin() {
            let first = self.local(OF_AN_ORIGIN, &(OF_AN_ORIGIN.name, origin), now);
            if !first.verdict.allows() {
                return first;
            }
            judged = Some(first);
        }
        if let Some(limit) = class.limit() {
            let second = match session {
                Some(session) => self.local(limit, &(limit.name, session), now),
                None => self.local(limit, &(limit.name, origin), now),
            };
            if second.verdict.allows() && class.is_shared() {
                let limit = self.scaled(limit);
                if let Some(verdict) = self.shared.charge(limit, origin, now).await {
                    return Judged { limit, verdict };
                }
            }
            return second;
        }
        judged.unwrap_or_else(|| self.local(OF_AN_ORIGIN, &(OF_AN_ORIGIN.name, origin), now))
    }

    /// Counts a request of a registered client, whose token was verified.
    #[must_use]
    pub fn charge_client(&self, client: &str, now: DateTime<Utc>) -> Judged {
        let limit = table::OF_A_CLIENT;
        self.local(limit, &(limit.name, client), now)
    }

    /// A place among the requests that are worked on, or why there is none.
    pub fn enter(&self, origin: Origin) -> Result<Inside, Full> {
        self.bound.enter(origin)
    }

    /// Room for a body of so many bytes. Only large ones need some.
    pub fn make_room(&self, most: usize) -> Result<Option<Room>, Full> {
        self.large.make_room(most)
    }

    fn local(&self, limit: Limit, caller: &impl std::hash::Hash, now: DateTime<Utc>) -> Judged {
        let limit = self.scaled(limit);
        Judged {
            limit,
            verdict: self.table.charge(caller, limit.quota, now),
        }
    }

    fn scaled(&self, limit: Limit) -> Limit {
        Limit {
            quota: limit.quota.times(self.factor),
            ..limit
        }
    }
}
