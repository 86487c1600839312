//! Sessions that were found a moment ago.
//!
//! Invariant: nothing in here was found longer ago than [`MOMENT`], so what ends at another replica ends here within it;
//! what ends here ends at once, also for who was just reading it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Session, SessionKey};

/// How long a session that was found is not looked for again: the requests of one page come within it.
pub const MOMENT: TimeDelta = TimeDelta::seconds(1);

/// What was found lately.
#[derive(Default)]
pub struct Recent(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    found: HashMap<SessionKey, Found>,
    swept_at: DateTime<Utc>,
    /// Counts what was forgotten.
    era: u64,
}

struct Found {
    session: Session,
    at: DateTime<Utc>,
}

impl Found {
    fn is_recent(&self, now: DateTime<Utc>) -> bool {
        // A clock that was set back makes nothing recent for longer.
        (TimeDelta::zero()..MOMENT).contains(&(now - self.at))
    }
}

/// The era in which somebody began to look for a session.
#[derive(Clone, Copy)]
pub struct Era(u64);

impl Recent {
    /// What was found of this session, if it was lately; else what [`keep`](Self::keep) asks for.
    pub fn get(&self, key: &SessionKey, now: DateTime<Utc>) -> Result<Session, Era> {
        let inner = self.lock();
        match inner.found.get(key) {
            Some(found) if found.is_recent(now) => Ok(found.session.clone()),
            _ => Err(Era(inner.era)),
        }
    }

    /// Keeps what was looked for since `era`, unless something was forgotten meanwhile: it may have been this.
    pub fn keep(&self, era: Era, key: &SessionKey, session: &Session, now: DateTime<Utc>) {
        let mut inner = self.lock();
        if inner.era != era.0 {
            return;
        }
        // Once in a while is enough for no more to lie here than came in two moments.
        if now - inner.swept_at >= MOMENT {
            inner.found.retain(|_, found| found.is_recent(now));
            inner.swept_at = now;
        }
        let session = session.clone();
        inner.found.insert(key.clone(), Found { session, at: now });
    }

    /// Keeps nothing of this session any more.
    pub fn forget(&self, key: &SessionKey) {
        let mut inner = self.lock();
        inner.found.remove(key);
        inner.era = inner.era.wrapping_add(1);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::SessionId;
    use crate::session::tests::session_of;

    const START: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

    fn key(number: u8) -> SessionKey {
        SessionId::new([number; 32]).key()
    }

    fn era(recent: &Recent, number: u8, now: DateTime<Utc>) -> Era {
        recent.get(&key(number), now).expect_err("not there")
    }

    #[test]
    fn what_was_found_is_there_for_a_moment_and_the_room_is_given_back() {
        let recent = Recent::default();
        let session = session_of("Ada", START);
        recent.keep(era(&recent, 1, START), &key(1), &session, START);
        let last = START + MOMENT - TimeDelta::milliseconds(1);
        assert!(recent.get(&key(1), last).is_ok());
        assert!(recent.get(&key(1), START + MOMENT).is_err());
        assert!(
            recent
                .get(&key(1), START - TimeDelta::milliseconds(1))
                .is_err()
        );
        let later = START + MOMENT;
        recent.keep(era(&recent, 2, later), &key(2), &session, later);
        assert_eq!(recent.lock().found.len(), 1);
    }

    #[test]
    fn what_was_being_read_when_it_ended_is_not_kept() {
        let recent = Recent::default();
        let session = session_of("Ada", START);
        let before = era(&recent, 1, START);
        recent.forget(&key(1));
        recent.keep(before, &key(1), &session, START);
        assert!(recent.get(&key(1), START).is_err());
        recent.keep(era(&recent, 1, START), &key(1), &session, START);
        assert!(recent.get(&key(1), START).is_ok());
        recent.forget(&key(1));
        assert!(recent.get(&key(1), START).is_err());
    }
}
