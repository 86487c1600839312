//! What came of a day, and how often.
//!
//! Invariant: what counts is what came of something, not that it was tried; what was refused counts as that alone.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::Duration;

use anyhow::{Result, ensure};

/// Something that came of what somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// An order was taken.
    Ordered,
    /// One was taken that is to be brought.
    ToBring,
    /// One was taken that a code makes cheaper.
    Discounted,
    /// One was taken with a tip.
    Tipped,
    /// One was taken that holds a place in a slot.
    InSlot,
    /// An order was called off.
    Cancelled,
    /// An order was made, or handed over, a step further.
    Advanced,
    /// Something came back.
    Returned,
    /// Something costs another price.
    Repriced,
    /// It costs another fee to be brought.
    FeesChanged,
    /// The code was good for nothing for a moment.
    CodeWithdrawn,
    /// Somebody who can't do a thing now was told why.
    Refused,
    /// A courier has handed an order over.
    AtTheDoor,
    /// Nobody opened the door; it was fetched.
    AtTheCounter,
    /// Nobody was found to bring it.
    WithoutCourier,
    /// What was to be brought was called off, or never paid.
    NeverLeft,
}

/// How often each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Deed, u32>);

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for (deed, times) in other.0 {
            *self.0.entry(deed).or_default() += times;
        }
    }
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, deed: Deed) {
        *self.0.entry(deed).or_default() += 1;
    }

    /// Counts what was asked for as done, or as refused.
    pub fn add_if(&mut self, done: bool, deed: Deed) {
        self.add(if done { deed } else { Deed::Refused });
    }

    /// Refuses a day on which too little happened, or too little went wrong, of what so many customers do.
    pub fn is_a_day(&self, customers: u32, pairs: u32, lasts: Duration) -> Result<()> {
        // A pair of faults takes a few seconds; people do what they can in between.
        let some = u32::try_from(lasts.as_secs() / 20)?;
        ensure!(pairs >= some, "{pairs} pairs of faults, and {self:?}");
        for (deed, least) in [
            (Deed::Ordered, some),
            (Deed::Advanced, some),
            // Nobody leaves before having had these.
            (Deed::ToBring, 2 * customers),
            (Deed::Discounted, 2 * customers),
            (Deed::Tipped, 2 * customers),
            (Deed::InSlot, customers),
            // Nor the manager before having done these.
            (Deed::Repriced, 1),
            (Deed::FeesChanged, 1),
            (Deed::CodeWithdrawn, 1),
            // Nobody calls those off that are ordered in turn, so it takes more than two faults to come to nothing.
            (Deed::AtTheDoor, 1),
            (Deed::WithoutCourier, 1),
        ] {
            let times = self.0.get(&deed).copied().unwrap_or_default();
            ensure!(times >= least, "{deed:?} less than {least} times: {self:?}");
        }
        Ok(())
    }
}
