//! A delivery, from its booking to the door. No IO.
//!
//! Invariant: a delivery goes on only after the shipper has said that it can be fetched, and never after its end.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::conduct::Conduct;

/// Where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A courier has been found.
    Accepted,
    /// It can be fetched.
    Ready,
    /// It was fetched.
    Collected,
    /// It is nearly there.
    OnTheWay,
    /// It was handed over at the door.
    Delivered,
    /// It was not, and goes back to where it came from.
    Failed,
    /// The shipper has called it off.
    Cancelled,
}

impl State {
    /// Whether nothing follows any more.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Cancelled)
    }

    /// Whether it has left the shop, so that it can't be called off any more.
    #[must_use]
    pub fn has_left(self) -> bool {
        matches!(
            self,
            Self::Collected | Self::OnTheWay | Self::Delivered | Self::Failed
        )
    }

    /// What a person reads of it.
    #[must_use]
    pub fn note(self) -> &'static str {
        match self {
            Self::Accepted => "A courier has been found",
            Self::Ready => "Ready to be fetched",
            Self::Collected => "Fetched from the shop",
            Self::OnTheWay => "Around the corner",
            Self::Delivered => "Handed over at the door",
            Self::Failed => "Nobody opened: it goes back to the shop",
            Self::Cancelled => "Called off",
        }
    }
}

/// A delivery. Of the recipient it has what the way depends on, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Ours.
    pub id: String,
    /// The shipper's name for it.
    pub reference: String,
    /// Who drives.
    pub courier: String,
    /// How it goes.
    pub conduct: Conduct,
    /// Where it is.
    pub state: State,
    /// Since when.
    pub at: DateTime<Utc>,
}

impl Delivery {
    /// What comes next by itself, and when; nothing while the shipper or nobody has a say.
    #[must_use]
    pub fn next(&self, step: TimeDelta) -> Option<(State, DateTime<Utc>)> {
        let next = match self.state {
            State::Ready => State::Collected,
            State::Collected => State::OnTheWay,
            State::OnTheWay if self.conduct == Conduct::NobodyOpens => State::Failed,
            State::OnTheWay => State::Delivered,
            State::Accepted | State::Delivered | State::Failed | State::Cancelled => return None,
        };
        Some((next, self.at + step * self.conduct.pace()))
    }

    /// When it will be at the door, as far as that can be said.
    #[must_use]
    pub fn expected_at(&self, step: TimeDelta) -> Option<DateTime<Utc>> {
        let steps = match self.state {
            State::Ready => 3,
            State::Collected => 2,
            State::OnTheWay => 1,
            State::Accepted | State::Delivered | State::Failed | State::Cancelled => return None,
        };
        Some(self.at + step * self.conduct.pace() * steps)
    }
}
