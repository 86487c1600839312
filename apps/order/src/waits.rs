//! How long somebody who orders now is told to wait: learned from what the store made in the last hour.
//!
//! Invariant: what is told is whole minutes within bounds, whatever was learned, and at most [`KEPT`] old.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::order::StoreId;
use crate::store;

/// From how much of the past it is learned.
pub const LEARNED_FROM: TimeDelta = TimeDelta::hours(1);
/// For how long it is not asked for again: an order that is placed costs no query of its own for it.
pub const KEPT: TimeDelta = TimeDelta::seconds(10);
/// What is told while there is nothing to learn from.
const UNKNOWN: i64 = 5;
/// The least that is told, in minutes.
const LEAST: i64 = 2;
/// The most that is told, in minutes.
const MOST: i64 = 60;

/// What was learned, by store. Cheap to clone. Only stores that exist are asked for, so it does not grow without end.
#[derive(Clone, Debug, Default)]
pub struct Waits(Arc<Mutex<HashMap<Uuid, Known>>>);

#[derive(Clone, Copy, Debug)]
struct Known {
    at: DateTime<Utc>,
    wait: TimeDelta,
}

impl Waits {
    /// The waiting time at a store that exists.
    pub async fn of(
        &self,
        db: &PgPool,
        store: StoreId,
        now: DateTime<Utc>,
    ) -> Result<TimeDelta, sqlx::Error> {
        if let Some(known) = self.known(store).filter(|known| now - known.at < KEPT) {
            return Ok(known.wait);
        }
        let mut connection = db.acquire().await?;
        let median = store::pickup::median_wait(&mut connection, store, now - LEARNED_FROM).await?;
        let wait = told(median);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(store.0, Known { at: now, wait });
        Ok(wait)
    }

    fn known(&self, store: StoreId) -> Option<Known> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&store.0).copied()
    }
}

/// What is told of a median in seconds.
fn told(median: Option<i64>) -> TimeDelta {
    let minutes = median.map_or(UNKNOWN, |seconds| seconds.saturating_add(59).div_euclid(60));
    TimeDelta::minutes(minutes.clamp(LEAST, MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_whole_minutes_within_bounds() {
        for (median, minutes) in [
            (None, 5),
            (Some(i64::MIN), 2),
            (Some(0), 2),
            (Some(120), 2),
            (Some(121), 3),
            (Some(3600), 60),
            (Some(3601), 60),
            (Some(i64::MAX), 60),
        ] {
            assert_eq!(told(median), TimeDelta::minutes(minutes), "{median:?}");
        }
    }
}
