//! Ids and randomness: UUIDv7 (RFC 9562), and bytes from the operating system's generator.

use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use uuid::{ContextV7, Uuid};

use crate::clock::Clock;

/// A source of ids and random bytes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ids {
    clock: Clock,
    sequence: Arc<Mutex<ContextV7>>,
    random: SystemRandom,
}

/// The operating system's generator failed.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct NoRandomness;

impl Ids {
    /// Ids stamped with the time of `clock`.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            sequence: Arc::default(),
            random: SystemRandom::new(),
        }
    }

    /// A new UUIDv7: unique, and later ones sort after earlier ones.
    #[must_use]
    pub fn next(&self) -> Uuid {
        let now = self.clock.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        let timestamp =
            uuid::Timestamp::from_unix(&*self.sequence, seconds, now.timestamp_subsec_nanos());
        Uuid::new_v7(timestamp)
    }

    /// `N` bytes fit for keys and secrets.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_instant_sort_in_the_order_they_were_made() {
        let ids = Ids::new(Clock::manual(chrono::DateTime::UNIX_EPOCH));
        let made: Vec<_> = std::iter::repeat_with(|| ids.next()).take(1000).collect();
        assert!(made.is_sorted_by(|a, b| a < b), "strictly ascending");
    }
}
