//! The checkout of an order as a saga: one table of steps, each with what does it and what undoes it. No IO.
//!
//! Invariant: a saga ends confirmed with every step done, or cancelled with every step undone, or parked for a person;
//! it never turns forward again. A step is undone even if nobody knows whether it was done: inventory and payment fence
//! such a step with a tombstone, so that its late effect is refused.
//!
//! [`Saga`] decides, [`calls`] asks the other services, [`runner`] drives sagas and records them, [`handle`] leads there,
//! [`requests`] is what people wish of them.

pub mod calls;
pub mod handle;
mod record;
pub mod requests;
pub mod runner;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::lifecycle;
use crate::order::Reason;

pub use requests::{RequestError, request_cancel, retry, settle};

/// For how long a saga goes forward after it began.
const FORWARD: TimeDelta = TimeDelta::seconds(30);
/// How often a step is tried. The deadline comes first, unless the clock was turned back meanwhile.
const MOST_TRIES: u32 = 12;
/// How often undoing a step is tried before a person has to see to it: about sixteen seconds of quick failures.
pub const MOST_UNDOS: u32 = 8;
/// The pause after the first try in vain, doubled with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// One step of the saga.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, sqlx::Type, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schemars(rename = "CheckoutStep")]
pub enum Step {
    /// The order exists.
    Place,
    /// Its stock is held.
    Reserve,
    /// Its amount is held on the card.
    Authorise,
    /// The amount is ours.
    Capture,
    /// The shop takes the order on.
    Confirm,
}

/// A call of another service that does or undoes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Inventory holds the stock.
    Reserve,
    /// Inventory gives it back.
    Release,
    /// Payment holds the amount on the card.
    Authorise,
    /// Payment lets it go.
    Void,
    /// Payment takes the amount.
    Capture,
    /// Payment gives it back.
    Refund,
}

/// What does or undoes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Another service.
    Call(Call),
    /// A step of the order, in the transaction that records what led there.
    Take(lifecycle::Step),
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The step.
    pub step: Step,
    /// Whether it is left out unless a card is charged.
    pub card_only: bool,
    /// What does it. Placing is done by the transaction that the saga begins in.
    pub done_by: Option<Action>,
    /// What undoes it. Confirming is undone by the transaction that recalls the order.
    pub undone_by: Option<Action>,
}

/// The saga: done from above, undone from below.
pub const STEPS: [Row; 5] = {
    use Action::{Call as By, Take};
    use Call::{Authorise, Capture, Refund, Release, Reserve, Void};
    use lifecycle::Step::{Cancel, Confirm};
    const ALWAYS: bool = false;
    const CARD: bool = true;
    [
        row(Step::Place, ALWAYS, None, Some(Take(Cancel))),
        row(Step::Reserve, ALWAYS, Some(By(Reserve)), Some(By(Release))),
        row(Step::Authorise, CARD, Some(By(Authorise)), Some(By(Void))),
        row(Step::Capture, CARD, Some(By(Capture)), Some(By(Refund))),
        row(Step::Confirm, ALWAYS, Some(Take(Confirm)), None),
    ]
};

const fn row(
    step: Step,
    card_only: bool,
    done_by: Option<Action>,
    undone_by: Option<Action>,
) -> Row {
    Row {
        step,
        card_only,
        done_by,
        undone_by,
    }
}

impl Call {
    /// The call as it is written everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Release => "release",
            Self::Authorise => "authorise",
            Self::Void => "void",
            Self::Capture => "capture",
            Self::Refund => "refund",
        }
    }
}

/// Where a saga stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// This step is to be done.
    Forward(Step),
    /// This step is to be undone.
    Back(Step),
    /// Undoing this step has failed too often.
    Manual(Step),
    /// Over: with every step done, or every step undone.
    Settled(Direction),
}

/// Which way a saga goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Direction {
    /// Doing.
    Forward,
    /// Undoing.
    Back,
}

/// How an action ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has its effect.
    Done,
    /// It has none and won't have any.
    Refused(Reason, String),
    /// Voiding came too late: the money has been taken.
    Captured,
    /// It may have its effect, or may get it later.
    Unknown(String),
    /// It was not even tried.
    Unavailable(String),
}

impl Outcome {
    /// The outcome as it is written everywhere.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused(..) => "refused",
            Self::Captured => "captured",
            Self::Unknown(_) => "unknown",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// What is to be said about it.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        match self {
            Self::Done | Self::Captured => None,
            Self::Refused(_, note) | Self::Unknown(note) | Self::Unavailable(note) => Some(note),
        }
    }
}

/// A saga. Every change consumes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saga {
    /// Whether a card is charged.
    pub charged: bool,
    /// Where it stands.
    pub phase: Phase,
    /// The tries of the present action so far.
    pub tries: u32,
    /// Whether one of them may have had its effect, or may get it later.
    pub doubt: bool,
    /// Whether the money is known to have been taken, given back or not. It is taken once at most.
    pub captured: bool,
    /// After this it goes forward no more.
    pub deadline: DateTime<Utc>,
    /// Somebody wishes it undone.
    pub cancel: Option<Reason>,
    /// Why it goes back.
    pub reason: Option<Reason>,
    /// What the last try in vain said.
    pub last_error: Option<String>,
}

impl Saga {
    /// The saga of an order that is being placed at `now`.
    #[must_use]
    pub fn begin(charged: bool, now: DateTime<Utc>) -> Self {
        Self {
            charged,
            phase: Phase::Forward(Step::Reserve),
            tries: 0,
            doubt: false,
            captured: false,
            deadline: now + FORWARD,
            cancel: None,
            reason: None,
            last_error: None,
        }
    }

    /// What is to be done now; nothing once it is over or parked.
    #[must_use]
    pub fn next(&self) -> Option<Action> {
        match self.phase {
            Phase::Forward(step) => of(step).done_by,
            Phase::Back(step) => of(step).undone_by,
            Phase::Manual(_) | Phase::Settled(_) => None,
        }
    }

    /// The saga after its present action ended like this. Over or parked, it stays as it is.
    #[must_use]
    pub fn took(self, outcome: Outcome, now: DateTime<Utc>) -> Self {
        match (self.phase, outcome) {
            (Phase::Forward(step), Outcome::Done) => {
                let captured = self.captured || step == Step::Capture;
                let phase = self
                    .above(step)
                    .map_or(Phase::Settled(Direction::Forward), Phase::Forward);
                Self { captured, ..self }.at(phase).turned_if_due(now)
            }
            (Phase::Forward(_), Outcome::Refused(reason, note)) => Self {
                last_error: Some(note),
                ..self
            }
            .turned(reason),
            (Phase::Back(step), Outcome::Done) => {
                let phase = self
                    .below(step)
                    .map_or(Phase::Settled(Direction::Back), Phase::Back);
                self.at(phase)
            }
            (Phase::Back(Step::Authorise), Outcome::Captured) => Self {
                captured: true,
                ..self
            }
            .at(Phase::Back(Step::Capture)),
            (Phase::Forward(_) | Phase::Back(_), outcome) => {
                self.in_vain(&outcome).turned_if_due(now)
            }
            (Phase::Manual(_) | Phase::Settled(_), _) => self,
        }
    }

    /// The saga after its holder was lost: whether the present action was tried, nobody knows.
    #[must_use]
    pub fn interrupted(self, now: DateTime<Utc>) -> Self {
        Self {
            tries: self.tries.saturating_add(1),
            doubt: true,
            ..self
        }
        .turned_if_due(now)
    }

    /// The saga once somebody wishes it undone.
    #[must_use]
    pub fn cancelled(self, reason: Reason, now: DateTime<Utc>) -> Self {
        Self {
            cancel: self.cancel.or(Some(reason)),
            ..self
        }
        .turned_if_due(now)
    }

    /// The saga of a confirmed order that is recalled; of any other order it stays as it is.
    #[must_use]
    pub fn recalled(self, reason: Reason) -> Self {
        if self.phase == Phase::Settled(Direction::Forward) {
            self.at(Phase::Forward(Step::Confirm)).turned(reason)
        } else {
            self
        }
    }

    /// A parked saga, set going again.
    #[must_use]
    pub fn resumed(self) -> Self {
        match self.phase {
            Phase::Manual(step) => self.at(Phase::Back(step)),
            _ => self,
        }
    }

    /// A parked saga whose undoing a person has finished by hand.
    #[must_use]
    pub fn settled_by_hand(self) -> Self {
        match self.phase {
            Phase::Manual(_) => self.at(Phase::Settled(Direction::Back)),
            _ => self,
        }
    }

    /// How long to wait before the present action is tried again.
    #[must_use]
    pub fn pause(&self) -> Duration {
        match self.tries.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => FIRST_PAUSE
                .saturating_mul(1 << doublings.min(16))
                .min(LONGEST_PAUSE),
        }
    }

    /// Whether the card's token is still needed.
    #[must_use]
    pub fn needs_token(&self) -> bool {
        self.charged && matches!(self.phase, Phase::Forward(Step::Reserve | Step::Authorise))
    }

    fn at(self, phase: Phase) -> Self {
        Self {
            phase,
            tries: 0,
            doubt: false,
            ..self
        }
    }

    fn in_vain(self, outcome: &Outcome) -> Self {
        let tries = self.tries.saturating_add(1);
        let phase = match self.phase {
            Phase::Back(step) if tries >= MOST_UNDOS => Phase::Manual(step),
            phase => phase,
        };
        Self {
            phase,
            tries,
            doubt: self.doubt || !matches!(outcome, Outcome::Unavailable(_)),
            last_error: outcome.note().map(str::to_owned).or(self.last_error),
            ..self
        }
    }

    fn turned_if_due(self, now: DateTime<Utc>) -> Self {
        let Phase::Forward(step) = self.phase else {
            return self;
        };
        if let Some(reason) = self.cancel {
            return self.turned(reason);
        }
        let late = now >= self.deadline || self.tries >= MOST_TRIES;
        match step {
            Step::Reserve if late => self.turned(Reason::StockUnavailable),
            Step::Authorise | Step::Capture if late => self.turned(Reason::PaymentUnavailable),
            // All that can fail is done: it costs nothing to confirm, and much to undo.
            _ => self,
        }
    }

    fn turned(self, reason: Reason) -> Self {
        let Phase::Forward(step) = self.phase else {
            return self;
        };
        // A step that has had no effect for certain needs no undoing.
        let first = if self.doubt && of(step).undone_by.is_some() {
            Some(step)
        } else {
            self.below(step)
        };
        let phase = first.map_or(Phase::Settled(Direction::Back), Phase::Back);
        Self {
            reason: Some(reason),
            ..self
        }
        .at(phase)
    }

    /// The next step to do after `step`.
    fn above(&self, step: Step) -> Option<Step> {
        STEPS
            .iter()
            .find(|row| row.step > step && (self.charged || !row.card_only))
            .map(|row| row.step)
    }

    /// The next step to undo after `step`. Money that was taken is given back; there is nothing left to void.
    fn below(&self, step: Step) -> Option<Step> {
        STEPS
            .iter()
            .rev()
            .find(|row| {
                row.step < step
                    && (self.charged || !row.card_only)
                    && !(self.captured && row.step == Step::Authorise)
            })
            .map(|row| row.step)
    }
}

fn of(step: Step) -> Row {
    STEPS[step as usize]
}

#[cfg(test)]
mod tests;
