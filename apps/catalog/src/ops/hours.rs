//! When a store is open, by weekday on its own clock, and the days on which it is not.
//!
//! Invariant: who runs it reads and changes all of it at once.

pub mod read;
pub mod replace;

use schemars::JsonSchema;
use serde::Serialize;

use crate::hours::{Closures, Hours, Weekly};

/// A store's hours.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Hours")]
pub struct Body {
    /// The zone of the store's clock, by its IANA name.
    timezone: &'static str,
    /// By weekday.
    weekly: Weekly,
    /// But for these days.
    closures: Closures,
    /// Their `ETag`.
    version: i64,
}

impl From<Hours> for Body {
    fn from(hours: Hours) -> Self {
        Self {
            timezone: hours.zone.name(),
            weekly: hours.weekly,
            closures: hours.closures,
            version: hours.version,
        }
    }
}
