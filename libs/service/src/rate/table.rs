//! The counts of many callers in memory.
//!
//! Invariant: its size is fixed when it is made. A flood of callers makes it forget who used least of a quota, which
//! costs nobody anything: who is forgotten has a full quota again.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::{Count, Quota, Verdict};

/// Counts that share a lock, and a caller's only places.
const WAYS: usize = 8;

/// Counts by caller.
pub struct Table {
    rows: Box<[Mutex<[Place; WAYS]>]>,
    /// Keyed by chance, so that nobody can choose to fall on another's place.
    row: RandomState,
    name: RandomState,
}

/// A caller is known by a hash alone: no address and no session is kept here.
#[derive(Clone, Copy, Default)]
struct Place {
    name: u64,
    count: Count,
}

impl Table {
    /// One for this many callers, rounded up.
    #[must_use]
    pub fn with_room_for(callers: usize) -> Self {
        let rows = callers.div_ceil(WAYS).max(1);
        Self {
            rows: (0..rows).map(|_| Mutex::default()).collect(),
            row: RandomState::new(),
            name: RandomState::new(),
        }
    }

    /// The most callers that it knows at once.
    #[must_use]
    pub fn room(&self) -> usize {
        self.rows.len() * WAYS
    }

    /// Judges one request of `caller` by `quota`, and counts it if it may go on. Quotas of different sizes need different
    /// callers: put the quota's name into the key.
    pub fn charge(&self, caller: &impl Hash, quota: Quota, now: DateTime<Utc>) -> Verdict {
        let name = self.name.hash_one(caller);
        let row = self.row.hash_one(caller) % self.rows.len() as u64;
        let row = &self.rows[usize::try_from(row).unwrap_or_default()];
        let mut places = row.lock().unwrap_or_else(PoisonError::into_inner);
        let known = places.iter().position(|place| place.name == name);
        let verdict = quota.judge(known.map_or(Count::default(), |nth| places[nth].count), now);
        if let Some(count) = verdict.count {
            // Of those in the row, the one that needs remembering least: long full again, or nearly.
            let least = || (0..WAYS).min_by_key(|nth| places[*nth].count).unwrap_or(0);
            let nth = known.unwrap_or_else(least);
            places[nth] = Place { name, count };
        }
        verdict
    }

    /// How many callers it knows whose quota is not full.
    #[must_use]
    pub fn known(&self, now: DateTime<Utc>) -> usize {
        let now = Count(now.timestamp_micros());
        let of_row = |row: &Mutex<[Place; WAYS]>| {
            let places = row.lock().unwrap_or_else(PoisonError::into_inner);
            places.iter().filter(|place| place.count > now).count()
        };
        self.rows.iter().map(of_row).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    const QUOTA: Quota = Quota {
        burst: 5,
        seconds: 10,
    };

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(1)
    }

    #[test]
    fn each_caller_has_a_quota_of_its_own_which_is_refilled() {
        let table = Table::with_room_for(64);
        for _ in 0..5 {
            assert!(table.charge(&"ada", QUOTA, now()).allows());
        }
        assert!(!table.charge(&"ada", QUOTA, now()).allows());
        assert!(table.charge(&"ben", QUOTA, now()).allows());
        assert_eq!(table.known(now()), 2);
        let later = now() + TimeDelta::seconds(10);
        assert_eq!(table.known(later), 0, "counts grow old by themselves");
        assert!(table.charge(&"ada", QUOTA, later).allows());
    }

    #[test]
    fn a_flood_of_callers_neither_fills_it_nor_frees_who_used_a_quota_up() {
        let table = Table::with_room_for(4096);
        let room = table.room();
        for _ in 0..5 {
            assert!(table.charge(&"flooder", QUOTA, now()).allows());
        }
        for stranger in 0..200_000_u32 {
            assert!(table.charge(&stranger, QUOTA, now()).allows());
        }
        assert!(table.known(now()) <= room && table.room() == room);
        assert!(!table.charge(&"flooder", QUOTA, now()).allows());
    }
}
