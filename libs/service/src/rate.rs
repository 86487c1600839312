//! How many requests of one caller are answered: the generic cell rate algorithm (GCRA).
//!
//! Invariant: in any stretch of time a caller gets at most one burst and what has been refilled since; what is refused
//! costs the caller nothing. A count is one instant, so that it can be kept anywhere, and grows old by itself.

mod table;

use std::time::Duration;

use chrono::{DateTime, Utc};

pub use table::Table;

/// So many requests at once, refilled evenly: after `seconds` all of them are there again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The most at once; at least one.
    pub burst: u32,
    /// How long it takes to be refilled.
    pub seconds: u32,
}

/// What is known of a caller: when the quota will be full again, in microseconds of the epoch. Whoever is not known has
/// [`Count::default`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(pub i64);

/// The judgement on one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The count from now on, if the request may go on.
    pub count: Option<Count>,
    /// How many more would be let through now.
    pub remaining: u32,
    /// When the quota will be full again.
    pub full_in: Duration,
    /// When another try has a chance: at once, if this one may go on.
    pub retry_in: Duration,
}

impl Quota {
    /// The same, so many times as large.
    #[must_use]
    pub const fn times(self, factor: u32) -> Self {
        Self {
            burst: self.burst.saturating_mul(factor),
            ..self
        }
    }

    /// Judges one request at this instant, by the count so far.
    #[must_use]
    pub fn judge(self, count: Count, now: DateTime<Utc>) -> Verdict {
        let now = now.timestamp_micros();
        let each = (i64::from(self.seconds) * 1_000_000 / i64::from(self.burst.max(1))).max(1);
        let room = each * i64::from(self.burst.max(1));
        // Before now the quota was full, which is no credit. No count is further ahead than a burst: one that is was made
        // by another clock, or before ours was set back, and nobody waits for that.
        let before = count.0.clamp(now, now + room);
        let after = before + each;
        let ahead = |until: i64| micros(until - now);
        if after > now + room {
            return Verdict {
                count: None,
                remaining: 0,
                full_in: ahead(before),
                retry_in: ahead(after - room),
            };
        }
        Verdict {
            count: Some(Count(after)),
            remaining: u32::try_from((now + room - after) / each).unwrap_or(u32::MAX),
            full_in: ahead(after),
            retry_in: Duration::ZERO,
        }
    }
}

impl Verdict {
    /// Whether the request may go on.
    #[must_use]
    pub fn allows(&self) -> bool {
        self.count.is_some()
    }
}

fn micros(span: i64) -> Duration {
    Duration::from_micros(u64::try_from(span).unwrap_or_default())
}

/// Whole seconds, never too few.
#[must_use]
pub fn seconds_up(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    const TEN_A_SECOND: Quota = Quota {
        burst: 20,
        seconds: 2,
    };

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(1_000_000 + millis)
    }

    #[test]
    fn a_burst_goes_through_and_then_one_each_time_one_is_refilled() {
        let mut count = Count::default();
        for left in (0..20).rev() {
            let verdict = TEN_A_SECOND.judge(count, at(0));
            assert_eq!(verdict.remaining, left);
            count = verdict.count.expect("within the burst");
        }
        let refused = TEN_A_SECOND.judge(count, at(0));
        assert!(!refused.allows());
        assert_eq!(refused.retry_in, Duration::from_millis(100));
        assert_eq!(refused.full_in, Duration::from_secs(2));
        assert!(!TEN_A_SECOND.judge(count, at(99)).allows());
        assert!(TEN_A_SECOND.judge(count, at(100)).allows());
        let full = TEN_A_SECOND.judge(count, at(60_000));
        assert_eq!(full.remaining, 19, "rest is no credit beyond the burst");
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out_for_longer_than_the_window() {
        let count = TEN_A_SECOND.judge(Count::default(), at(3_600_000)).count;
        let verdict = TEN_A_SECOND.judge(count.expect("the first"), at(0));
        assert!(verdict.retry_in <= Duration::from_secs(2), "{verdict:?}");
    }

    #[test]
    fn seconds_are_never_too_few() {
        let told = [0, 1, 1000, 1001].map(|millis| seconds_up(Duration::from_millis(millis)));
        assert_eq!(told, [0, 1, 1, 2]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_stretch_of_time_lets_more_through_than_a_burst_and_the_refill(
            burst in 1_u32..40,
            seconds in 1_u32..20,
            gaps in proptest::collection::vec(0_i64..2_000, 1..200),
        ) {
            let quota = Quota { burst, seconds };
            let each = i64::from(seconds) * 1000 / i64::from(burst);
            let mut count = Count::default();
            let mut now = 0;
            let mut passed = Vec::new();
            for gap in gaps {
                now += gap;
                let verdict = quota.judge(count, at(now));
                if let Some(after) = verdict.count {
                    count = after;
                    passed.push(now);
                } else {
                    let later = now + i64::try_from(verdict.retry_in.as_millis()).expect("a few seconds") + 1;
                    prop_assert!(quota.judge(count, at(later)).allows(), "told to come back at {}", later);
                }
            }
            for (first, from) in passed.iter().enumerate() {
                for (last, until) in passed.iter().enumerate().skip(first) {
                    let most = i64::from(burst) + (until - from) / each.max(1) + 1;
                    let went = i64::try_from(last - first + 1).expect("a few");
                    prop_assert!(each == 0 || went <= most, "{} within {} ms", went, until - from);
                }
            }
        }
    }
}
