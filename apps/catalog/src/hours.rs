//! When a store is open: weekly hours on its own clock, days on which it is closed, and the instants that follow. No IO.
//!
//! Invariant: openings are in order, none empty, and no two of them meet. This file is the only place where a time on a
//! store's clock becomes an instant.
//!
//! Where the clocks change, a time may not exist or exist twice. A store whose time to open or close is skipped opens
//! or closes at the instant of the change. One that opens at a time that comes twice opens at the first, one that
//! closes then closes at the second, so an opening goes on through the repeated hour. A day ends once, where the
//! next one begins.

use chrono::{
    DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _, Utc,
};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// How many of a store's days, today included, openings are told for: with the rest of today, at least a week.
pub const DAYS: u64 = 8;
/// The most periods of a week.
const MOST_PERIODS: usize = 70;
/// The most days of closure at a time.
const MOST_CLOSURES: usize = 400;
/// The longest reason of a closure, in characters.
const LONGEST_REASON: usize = 200;
const MINUTES_OF_A_DAY: i16 = 24 * 60;

/// A time on the clock, to the minute: `00:00` to `24:00`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema, sqlx::Type,
)]
#[serde(try_from = "String")]
#[sqlx(transparent)]
#[schemars(with = "String", extend("pattern" = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"))]
pub struct TimeOfDay(i16);

impl TryFrom<String> for TimeOfDay {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let read = || {
            let (hours, minutes) = text.split_once(':')?;
            let two = |part: &str| {
                let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
                digits.then(|| part.parse::<i16>().ok()).flatten()
            };
            let (hours, minutes) = (two(hours)?, two(minutes)?);
            let at = hours * 60 + minutes;
            (minutes < 60 && at <= MINUTES_OF_A_DAY).then_some(Self(at))
        };
        read().ok_or("a time is 00:00 to 24:00")
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:02}:{:02}", self.0 / 60, self.0 % 60))
    }
}

/// A day of the week by its number in ISO 8601: 1 is Monday, 7 is Sunday.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    sqlx::Type,
)]
#[serde(try_from = "i16")]
#[sqlx(transparent)]
#[schemars(extend("minimum" = 1, "maximum" = 7))]
pub struct Weekday(i16);

impl TryFrom<i16> for Weekday {
    type Error = &'static str;

    fn try_from(number: i16) -> Result<Self, Self::Error> {
        if (1..=7).contains(&number) {
            Ok(Self(number))
        } else {
            Err("a weekday is 1 (Monday) to 7 (Sunday)")
        }
    }
}

/// From when to when a store is open on a weekday.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// On which day.
    pub weekday: Weekday,
    /// From when on.
    pub opens: TimeOfDay,
    /// Until when, later than it opens. What goes on past midnight is two periods.
    pub closes: TimeOfDay,
}

/// The periods of a week, in order: none is empty and none overlaps another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<Period>")]
#[schemars(extend("maxItems" = MOST_PERIODS))]
pub struct Weekly(Vec<Period>);

impl TryFrom<Vec<Period>> for Weekly {
    type Error = &'static str;

    fn try_from(mut periods: Vec<Period>) -> Result<Self, Self::Error> {
        if periods.len() > MOST_PERIODS {
            return Err("these are too many periods");
        }
        if periods.iter().any(|period| period.opens >= period.closes) {
            return Err("a period must close after it opens");
        }
        periods.sort_unstable();
        let apart = periods
            .windows(2)
            .all(|pair| pair[0].weekday != pair[1].weekday || pair[0].closes <= pair[1].opens);
        if apart {
            Ok(Self(periods))
        } else {
            Err("two periods overlap")
        }
    }
}

impl Weekly {
    /// The periods, by weekday and time.
    #[must_use]
    pub fn periods(&self) -> &[Period] {
        &self.0
    }
}

/// A day on which a store does not open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// Of the store's calendar.
    pub day: NaiveDate,
    /// Why, for everybody to read.
    pub reason: Reason,
}

/// Why a store is closed: 1 to 200 characters, without blanks around.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(try_from = "String")]
#[sqlx(transparent)]
#[schemars(extend("pattern" = service::openapi::NOT_BLANK))]
pub struct Reason(String);

impl Reason {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = text.trim();
        // PostgreSQL has no text with a NUL in it.
        let usable = (1..=LONGEST_REASON).contains(&text.chars().count()) && !text.contains('\0');
        if usable {
            Ok(Self(text.to_owned()))
        } else {
            Err("a reason is 1 to 200 characters")
        }
    }
}

/// Days of closure in order, none of them twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<Closure>")]
#[schemars(extend("maxItems" = MOST_CLOSURES))]
pub struct Closures(Vec<Closure>);

impl TryFrom<Vec<Closure>> for Closures {
    type Error = &'static str;

    fn try_from(mut closures: Vec<Closure>) -> Result<Self, Self::Error> {
        if closures.len() > MOST_CLOSURES {
            return Err("these are too many days");
        }
        if closures
            .iter()
            .any(|it| !(2000..=9999).contains(&it.day.year()))
        {
            return Err("a day is in the years 2000 to 9999");
        }
        closures.sort_unstable_by_key(|closure| closure.day);
        if closures.windows(2).all(|pair| pair[0].day != pair[1].day) {
            Ok(Self(closures))
        } else {
            Err("a day is named twice")
        }
    }
}

impl Closures {
    /// The closures, by day.
    #[must_use]
    pub fn days(&self) -> &[Closure] {
        &self.0
    }

    fn has(&self, day: NaiveDate) -> bool {
        self.0
            .binary_search_by_key(&day, |closure| closure.day)
            .is_ok()
    }
}

/// When a store is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Grows with every change of them.
    pub version: i64,
    /// The zone of the store's clock.
    pub zone: Tz,
    /// By weekday.
    pub weekly: Weekly,
    /// But for these days.
    pub closures: Closures,
}

/// A stretch of time in which a store is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Opening {
    /// The first instant of it.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub from: DateTime<Utc>,
    /// The first instant after it.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub until: DateTime<Utc>,
}

impl Hours {
    /// The openings of [`DAYS`] days of the store, beginning with the one that `now` is in.
    #[must_use]
    pub fn openings(&self, now: DateTime<Utc>) -> Vec<Opening> {
        let today = now.with_timezone(&self.zone).date_naive();
        let mut openings: Vec<Opening> = Vec::new();
        let days = (0..DAYS).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
        for day in days.filter(|day| !self.closures.has(*day)) {
            let number = i16::try_from(day.weekday().number_from_monday()).unwrap_or_default();
            let periods = self.weekly.0.iter();
            for period in periods.filter(|period| period.weekday.0 == number) {
                let Some(opening) = self.opening(day, *period) else {
                    continue;
                };
                match openings.last_mut() {
                    // Midnight is no end of an opening, nor is a repeated hour that two periods share.
                    Some(last) if opening.from <= last.until => {
                        last.until = last.until.max(opening.until);
                    }
                    _ => openings.push(opening),
                }
            }
        }
        openings
    }

    /// A period on a day; `None` if the clocks skip all of it.
    fn opening(&self, day: NaiveDate, period: Period) -> Option<Opening> {
        let midnight = day.and_hms_opt(0, 0, 0)?;
        let local =
            |time: TimeOfDay| midnight.checked_add_signed(TimeDelta::minutes(time.0.into()));
        let from = self.first(local(period.opens)?)?;
        let until = if period.closes.0 == MINUTES_OF_A_DAY {
            self.first(local(period.closes)?)?
        } else {
            self.last(local(period.closes)?)?
        };
        (from < until).then_some(Opening { from, until })
    }

    /// When the store's clock shows this time, for the first time if it does twice; the change that skips it if it
    /// never does.
    fn first(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        from_then_on(local).find_map(|local| {
            self.zone
                .from_local_datetime(&local)
                .earliest()
                .map(|at| at.to_utc())
        })
    }

    /// The same, but for the last time.
    fn last(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        from_then_on(local).find_map(|local| {
            self.zone
                .from_local_datetime(&local)
                .latest()
                .map(|at| at.to_utc())
        })
    }
}

/// This minute and those of the following day: no clock was ever put forward by more.
fn from_then_on(local: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> {
    (0..=MINUTES_OF_A_DAY)
        .filter_map(move |skipped| local.checked_add_signed(TimeDelta::minutes(skipped.into())))
}

#[cfg(test)]
mod tests;
