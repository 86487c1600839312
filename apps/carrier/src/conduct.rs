//! How a delivery goes, by the last three digits of its recipient's postcode: one table.
//!
//! Invariant: a postcode that is not in the table is served as it should be. The faults in here are no deliveries: a
//! restart forgets them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// How it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conduct {
    /// As it should.
    #[default]
    Good,
    /// Nobody ever drives there.
    NobodyDrives,
    /// It is collected, and then nobody opens.
    NobodyOpens,
    /// Each step takes ten times as long.
    Slow,
    /// The first two bookings under a key are answered 500.
    FailsTwice,
    /// The first booking under a key is carried out and answered 500.
    LosesAnswer,
    /// A courier is found at the third time of asking.
    FoundLate,
    /// The first two callings off of a key are answered 500.
    KeptTwice,
}

/// The table.
pub const TABLE: [(&str, Conduct); 7] = [
    ("991", Conduct::NobodyDrives),
    ("992", Conduct::NobodyOpens),
    ("993", Conduct::Slow),
    ("994", Conduct::FailsTwice),
    ("995", Conduct::LosesAnswer),
    ("996", Conduct::FoundLate),
    ("997", Conduct::KeptTwice),
];

impl Conduct {
    /// That of a postcode, of which only its digits count.
    #[must_use]
    pub fn at(postcode: &str) -> Self {
        let digits: String = postcode.chars().filter(char::is_ascii_digit).collect();
        let row = TABLE.iter().find(|(end, _)| digits.ends_with(end));
        row.map_or(Self::Good, |(_, conduct)| *conduct)
    }

    /// How many times as long as others its steps take.
    #[must_use]
    pub fn pace(self) -> i32 {
        if self == Self::Slow { 10 } else { 1 }
    }
}

/// What befalls every request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// Nothing.
    #[default]
    None,
    /// It is answered 503.
    Down,
}

#[derive(Debug, Default)]
struct Inner {
    outage: Outage,
    calls: HashMap<(&'static str, String), u32>,
}

/// The faults in force.
#[derive(Debug, Default)]
pub struct Trouble(Mutex<Inner>);

impl Trouble {
    /// What befalls a request now.
    #[must_use]
    pub fn outage(&self) -> Outage {
        self.inner().outage
    }

    /// Makes it so from now on.
    pub fn set_outage(&self, outage: Outage) {
        self.inner().outage = outage;
    }

    /// Counts a call of this kind under a key; says the how manyeth it is.
    pub fn call(&self, kind: &'static str, key: &str) -> u32 {
        let mut inner = self.inner();
        let calls = inner.calls.entry((kind, key.to_owned())).or_default();
        *calls = calls.saturating_add(1);
        *calls
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_postcode_is_known_by_the_end_of_its_digits_however_it_is_written() {
        for (written, conduct) in [
            ("04991", Conduct::NobodyDrives),
            ("31-992", Conduct::NobodyOpens),
            ("9930 AB", Conduct::Good),
            ("1993 AB", Conduct::Slow),
            ("", Conduct::Good),
        ] {
            assert_eq!(Conduct::at(written), conduct, "{written}");
        }
    }
}
