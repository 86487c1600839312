//! Wants one reconciliation a day.
//!
//! Invariant: each begins before the one before it ended, and where a difference is still open, so nothing is left out
//! and what was mended is noticed.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};

use super::{LONGEST, MARGIN, ReconciliationId};
use crate::error::Error;
use crate::operation::OURSELVES;
use crate::state::App;
use crate::store;
use crate::store::reconciliations::{Marks, Wanted};

/// How much of what was compared is compared again: an operation may have been under way then.
const AGAIN: TimeDelta = TimeDelta::days(2);

/// Wants today's, unless somebody does already; says whether it did.
pub async fn want_todays(app: &App) -> Result<bool, Error> {
    let now = app.clock.now();
    let day = now.date_naive();
    let mut connection = app.db.acquire().await?;
    if let Some(finished) = store::reconciliations::last_finished(&mut connection).await? {
        metrics::gauge!("crema_payment_reconciled_timestamp_seconds").set(seconds(finished));
    }
    if store::reconciliations::is_wanted(&mut connection, day).await? {
        return Ok(false);
    }
    let marks = store::reconciliations::marks(&mut connection).await?;
    let Some(period) = period(&marks, now) else {
        return Ok(false);
    };
    let wanted = Wanted {
        id: ReconciliationId(app.ids.next()),
        period,
        by: OURSELVES,
        at: now,
        day: Some(day),
    };
    Ok(store::reconciliations::insert(&mut connection, &wanted).await?)
}

#[expect(clippy::cast_precision_loss, reason = "seconds of our time fit")]
fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp() as f64
}

/// What today's compares; nothing while nothing happened.
fn period(marks: &Marks, now: DateTime<Utc>) -> Option<Range<DateTime<Utc>>> {
    let first = marks.first?;
    let to = now - MARGIN;
    let since = marks.compared.map_or(first, |compared| compared - AGAIN);
    let from = marks.open.map_or(since, |open| open.min(since));
    let from = from.max(to - LONGEST);
    (from < to).then_some(from..to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64, hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day) + TimeDelta::hours(hour)
    }

    #[test]
    fn it_begins_where_nothing_is_left_out() {
        let now = at(40, 1);
        for (open, compared, first, from) in [
            (None, None, None, None),
            (None, None, Some(at(38, 0)), Some(at(38, 0))),
            (None, Some(at(39, 0)), Some(at(0, 0)), Some(at(37, 0))),
            (
                Some(at(30, 0)),
                Some(at(39, 0)),
                Some(at(0, 0)),
                Some(at(30, 0)),
            ),
            (
                Some(at(38, 0)),
                Some(at(39, 0)),
                Some(at(0, 0)),
                Some(at(37, 0)),
            ),
            // No longer than a month.
            (
                Some(at(1, 0)),
                Some(at(39, 0)),
                Some(at(0, 0)),
                Some(now - MARGIN - LONGEST),
            ),
            // What has just begun is for tomorrow.
            (None, None, Some(now), None),
        ] {
            let marks = Marks {
                open,
                compared,
                first,
            };
            let expected = from.map(|from| from..now - MARGIN);
            assert_eq!(period(&marks, now), expected, "{marks:?}");
        }
    }
}
