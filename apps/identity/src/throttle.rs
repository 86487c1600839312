//! The brakes on guessing passwords: one per account, one per origin; the origin's is on registering and on asking for mail
//! as well. Checked before anything is hashed.
//!
//! Invariant: a try is counted when it begins, in one statement, so that tries at the same moment don't slip through
//! together; a right password takes its own count back. An address without an account is counted like one that has one.

use chrono::{DateTime, Duration, Utc};
use sqlx::PgConnection;

use crate::audit::pseudonym;
use crate::opaque::Hash;
use crate::origin::Origin;
use crate::store::throttle;

/// Tries in a row that cost nothing but their own time.
pub const FREE: i32 = 5;
/// The longest that an account is closed for: whoever wants to lock somebody out can do no worse.
pub const LONGEST: Duration = Duration::minutes(15);
/// How many failures an origin has at once: enough for a café's guests behind one address.
pub const BURST: i32 = 30;
/// How fast an origin's failures are forgiven: one in each.
pub const EACH: Duration = Duration::seconds(5);

/// A try that was counted.
#[derive(Debug)]
pub struct Try {
    account: Hash,
    origin: Hash,
}

/// A try that comes too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooEarly {
    /// After how many seconds another one is looked at.
    pub seconds: i64,
}

/// Counts a try for this address from this origin.
pub async fn begin(
    db: &mut PgConnection,
    typed: &str,
    origin: &Origin,
    now: DateTime<Utc>,
) -> sqlx::Result<Result<Try, TooEarly>> {
    if let Err(too_early) = charge(db, origin, now).await? {
        return Ok(Err(too_early));
    }
    let this = Try {
        account: pseudonym(typed),
        origin: origin.key(),
    };
    let Some(tries) = throttle::count(db, &this.account, now).await? else {
        let until = throttle::closed_until(db, &this.account).await?;
        return Ok(Err(TooEarly::until(until, now)));
    };
    throttle::close(db, &this.account, now + pause(tries)).await?;
    Ok(Ok(this))
}

/// Counts what anybody may do without an account and nobody does often, against the origin alone.
pub async fn charge(
    db: &mut PgConnection,
    origin: &Origin,
    now: DateTime<Utc>,
) -> sqlx::Result<Result<(), TooEarly>> {
    let origin = origin.key();
    // A budget is full when `BURST` tries lie ahead of their time.
    let room = EACH * (BURST - 1);
    if throttle::spend(db, &origin, now, EACH, room).await? {
        return Ok(Ok(()));
    }
    let full_at = throttle::full_at(db, &origin).await?;
    Ok(Err(TooEarly::until(full_at.map(|full| full - room), now)))
}

/// Takes a visit back that came to a good end.
pub async fn welcome(db: &mut PgConnection, origin: &Origin) -> sqlx::Result<()> {
    throttle::refund(db, &origin.key(), EACH).await
}

impl Try {
    /// Takes the try back: the password was right. The account's failures are forgotten with it.
    pub async fn succeeded(self, db: &mut PgConnection) -> sqlx::Result<()> {
        // In the order in which a try takes them.
        throttle::refund(db, &self.origin, EACH).await?;
        throttle::forget(db, &self.account).await
    }
}

impl TooEarly {
    fn until(then: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let seconds = then.map_or(0, |then| ((then - now).num_milliseconds() + 999) / 1000);
        Self {
            seconds: seconds.max(1),
        }
    }
}

/// How long an account is closed after so many tries in a row: 1 s after the fifth, then twice as long each time.
fn pause(tries: i32) -> Duration {
    let doublings = u32::try_from(tries - FREE).ok();
    doublings.map_or(Duration::zero(), |doublings| {
        let seconds = 1_i64.checked_shl(doublings.min(32)).unwrap_or(i64::MAX);
        LONGEST.min(Duration::seconds(seconds))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_from_the_fifth_failure_up_to_a_quarter_of_an_hour() {
        let seconds: Vec<_> = (1..=16).map(|tries| pause(tries).num_seconds()).collect();
        assert_eq!(
            seconds,
            [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
        );
        assert_eq!(pause(i32::MAX), LONGEST);
    }

    #[test]
    fn what_is_told_to_wait_is_never_too_short() {
        let now = DateTime::UNIX_EPOCH;
        let told =
            |millis| TooEarly::until(Some(now + Duration::milliseconds(millis)), now).seconds;
        assert_eq!([1, 1000, 1001, 2000].map(told), [1, 1, 2, 2]);
        assert_eq!(TooEarly::until(None, now).seconds, 1);
    }
}
