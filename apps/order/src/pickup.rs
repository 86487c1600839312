//! When an order is picked up: as soon as possible, or in a slot. No IO.
//!
//! Invariant: slots are the ten-minute steps of the clock in UTC, so no two of them overlap, whatever a store's hours
//! are and however its own clock is put back or forward; one is offered only if all of it lies in an opening.

use axum::http::StatusCode;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use service::problem::Problem;

/// How long a slot is. The same for all stores and for ever: other lengths would overlap what is sold already.
pub const SLOT: TimeDelta = TimeDelta::minutes(10);
/// How far ahead slots are taken.
pub const AHEAD: TimeDelta = TimeDelta::days(7);
/// Orders per slot, where a store's manager has set nothing else.
pub const CAPACITY: i32 = 8;
/// The most that can be set.
pub const MOST: i32 = 1000;

/// What a customer asks for: `now`, or the beginning of a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Wanted {
    /// As soon as possible.
    #[default]
    Now,
    /// In the slot that begins then.
    At(DateTime<Utc>),
}

impl Wanted {
    /// Whether it is what a command that says nothing means.
    #[must_use]
    pub fn is_now(&self) -> bool {
        *self == Self::Now
    }
}

impl TryFrom<String> for Wanted {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "now" {
            return Ok(Self::Now);
        }
        DateTime::parse_from_rfc3339(&text)
            .map(|at| Self::At(at.to_utc()))
            .map_err(|_| "is `now` or an instant")
    }
}

impl From<Wanted> for String {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Now => "now".to_owned(),
            Wanted::At(at) => text_of(at),
        }
    }
}

fn text_of(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl JsonSchema for Wanted {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WantedPickup".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "`now`, or the beginning of a slot.",
            "type": "string",
            "anyOf": [{ "const": "now" }, { "format": "date-time" }],
        })
    }
}

/// How an order is picked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// As soon as it is made.
    Now,
    /// In the slot that begins when it is due.
    Slot,
}

/// When an order is picked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pickup {
    /// How.
    pub kind: Kind,
    /// When it was promised to be ready.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub due_at: DateTime<Utc>,
}

impl Pickup {
    /// The slot that it holds, if it holds one.
    #[must_use]
    pub fn slot(&self) -> Option<DateTime<Utc>> {
        (self.kind == Kind::Slot).then_some(self.due_at)
    }

    /// As it is stored.
    #[must_use]
    pub fn stored(due_at: DateTime<Utc>, slot: Option<DateTime<Utc>>) -> Self {
        let kind = if slot.is_some() {
            Kind::Slot
        } else {
            Kind::Now
        };
        Self { kind, due_at }
    }
}

/// A stretch of time in which a store is open, as the catalog says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Opening {
    /// The first instant of it.
    pub from: DateTime<Utc>,
    /// The first instant after it.
    pub until: DateTime<Utc>,
}

impl Opening {
    fn holds(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.until
    }

    fn holds_slot(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at + SLOT <= self.until
    }
}

/// Why an order can't be picked up then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotThen {
    /// The store is closed now.
    #[error("the store is closed")]
    Closed {
        /// When it opens next, if that is known.
        opens: Option<DateTime<Utc>>,
    },
    /// No slot begins then.
    #[error("slots begin every ten minutes")]
    NoSlot,
    /// The store is not open for all of it.
    #[error("the store is closed then")]
    ClosedThen,
    /// It can't be made by then.
    #[error("it can't be made by then")]
    TooSoon,
    /// It is too far ahead.
    #[error("it is more than seven days ahead")]
    TooFar,
}

impl From<NotThen> for Problem {
    fn from(error: NotThen) -> Self {
        let problem = match error {
            NotThen::Closed { opens } => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "store-closed",
                "The store is closed now",
            )
            .detail(match opens {
                Some(at) => format!("It opens at {}.", text_of(at)),
                None => "It does not open within a week.".to_owned(),
            }),
            NotThen::NoSlot | NotThen::ClosedThen | NotThen::TooSoon | NotThen::TooFar => {
                Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "slot-not-offered",
                    "There is no such slot",
                )
            }
        };
        problem.field("/pickup", error.to_string())
    }
}

/// When an order of this moment is picked up, at a store with these openings where whoever orders now waits this long.
pub fn choose(
    wanted: Wanted,
    openings: &[Opening],
    now: DateTime<Utc>,
    wait: TimeDelta,
) -> Result<Pickup, NotThen> {
    match wanted {
        Wanted::Now if present(openings, now).is_some() => Ok(Pickup {
            kind: Kind::Now,
            due_at: now + wait,
        }),
        Wanted::Now => Err(NotThen::Closed {
            opens: next(openings, now),
        }),
        Wanted::At(at) if at > now + AHEAD => Err(NotThen::TooFar),
        Wanted::At(at) if at < now + wait => Err(NotThen::TooSoon),
        Wanted::At(at) if aligned(at) != Some(at) => Err(NotThen::NoSlot),
        Wanted::At(at) if openings.iter().any(|it| it.holds_slot(at)) => Ok(Pickup {
            kind: Kind::Slot,
            due_at: at,
        }),
        Wanted::At(_) => Err(NotThen::ClosedThen),
    }
}

/// The opening that `now` is in.
#[must_use]
pub fn present(openings: &[Opening], now: DateTime<Utc>) -> Option<Opening> {
    openings.iter().find(|it| it.holds(now)).copied()
}

/// When the next opening begins.
#[must_use]
pub fn next(openings: &[Opening], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    openings
        .iter()
        .map(|it| it.from)
        .filter(|from| *from > now)
        .min()
}

/// The slots that begin from `from` to `until`, both included.
pub fn slots(
    openings: &[Opening],
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> impl Iterator<Item = DateTime<Utc>> {
    openings.iter().flat_map(move |opening| {
        let first = aligned(from.max(opening.from));
        std::iter::successors(first, |slot| slot.checked_add_signed(SLOT))
            .take_while(move |slot| opening.holds_slot(*slot) && *slot <= until)
    })
}

/// The first beginning of a slot from here on; `None` at the end of time.
fn aligned(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let length = SLOT.num_milliseconds();
    // What is less than a millisecond after a beginning comes after it too.
    let millis = at.timestamp_micros().checked_add(999)?.div_euclid(1000);
    let steps = millis.checked_add(length - 1)?.div_euclid(length);
    DateTime::from_timestamp_millis(steps.checked_mul(length)?)
}

#[cfg(test)]
mod tests;
