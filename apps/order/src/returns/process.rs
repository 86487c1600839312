//! How a return goes on once it may: its money first, then its goods, then the news. No IO.
//!
//! Invariant: it only goes forward, and by one step for each that is done; it ends done, or waits for a person. What is
//! not known to be done is asked for again under the return's id, never taken for granted.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

/// How often a step is tried before a person has to see to it: about sixteen seconds of quick failures.
pub const MOST_TRIES: u32 = 8;
/// The pause after the first try in vain, doubled with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schemars(rename = "ReturnStep")]
pub enum Step {
    /// Payment gives the money back.
    Refund,
    /// Inventory books the goods.
    Stock,
    /// It is done and told.
    Finish,
}

impl Step {
    /// The step as it is written everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::Stock => "stock",
            Self::Finish => "finish",
        }
    }
}

/// Where a return stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// This is to be done.
    Running(Step),
    /// This was refused, or tried in vain too often.
    Manual(Step),
    /// All of it is done.
    Done,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has its effect.
    Done,
    /// It has none, and won't have any by itself.
    Refused(String),
    /// It may have its effect, or may get it later.
    Unknown(String),
    /// It has none yet: it was not even tried, or what it needs is not there yet.
    Unavailable(String),
}

impl Outcome {
    /// The outcome as it is written everywhere.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused(_) => "refused",
            Self::Unknown(_) => "unknown",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// What is to be said about it.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        match self {
            Self::Done => None,
            Self::Refused(note) | Self::Unknown(note) | Self::Unavailable(note) => Some(note),
        }
    }
}

/// The process of a return. Every change consumes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Whether goods come back.
    pub moves: bool,
    /// Where it stands.
    pub phase: Phase,
    /// The tries of the present step so far.
    pub tries: u32,
    /// What the last try in vain said.
    pub last_error: Option<String>,
}

impl Process {
    /// A process that `gives` money and `moves` goods, or leaves one of them out.
    #[must_use]
    pub fn begin(gives: bool, moves: bool) -> Self {
        let process = Self {
            moves,
            phase: Phase::Running(Step::Refund),
            tries: 0,
            last_error: None,
        };
        if gives {
            process
        } else {
            process.after(Step::Refund)
        }
    }

    /// What is to be done now; nothing once it is over or waits for a person.
    #[must_use]
    pub fn next(&self) -> Option<Step> {
        match self.phase {
            Phase::Running(step) => Some(step),
            Phase::Manual(_) | Phase::Done => None,
        }
    }

    /// The process after its present step ended like this. Over or parked, it stays as it is.
    #[must_use]
    pub fn took(self, outcome: Outcome) -> Self {
        let Phase::Running(step) = self.phase else {
            return self;
        };
        let (note, refused) = match outcome {
            Outcome::Done => return self.after(step),
            Outcome::Refused(note) => (note, true),
            Outcome::Unknown(note) | Outcome::Unavailable(note) => (note, false),
        };
        let tries = self.tries.saturating_add(1);
        let phase = if refused || tries >= MOST_TRIES {
            Phase::Manual(step)
        } else {
            Phase::Running(step)
        };
        Self {
            phase,
            tries,
            last_error: Some(note),
            ..self
        }
    }

    /// The process after its holder was lost: whether the present step was tried, nobody knows.
    #[must_use]
    pub fn interrupted(self) -> Self {
        Self {
            tries: self.tries.saturating_add(1).min(MOST_TRIES - 1),
            ..self
        }
    }

    /// A parked process, set going again.
    #[must_use]
    pub fn resumed(self) -> Self {
        match self.phase {
            Phase::Manual(step) => Self {
                phase: Phase::Running(step),
                tries: 0,
                ..self
            },
            _ => self,
        }
    }

    /// A parked process whose present step a person has done by other means; the rest of it goes on.
    #[must_use]
    pub fn settled(self) -> Self {
        match self.phase {
            Phase::Manual(step) => self.after(step),
            _ => self,
        }
    }

    /// How long to wait before the present step is tried again.
    #[must_use]
    pub fn pause(&self) -> Duration {
        match self.tries.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => FIRST_PAUSE
                .saturating_mul(1 << doublings.min(16))
                .min(LONGEST_PAUSE),
        }
    }

    fn after(self, step: Step) -> Self {
        let phase = match step {
            Step::Refund if self.moves => Phase::Running(Step::Stock),
            Step::Refund | Step::Stock => Phase::Running(Step::Finish),
            Step::Finish => Phase::Done,
        };
        Self {
            phase,
            tries: 0,
            last_error: None,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            3 => Just(Outcome::Done),
            1 => Just(Outcome::Refused("no".into())),
            2 => Just(Outcome::Unknown("?".into())),
            2 => Just(Outcome::Unavailable("away".into())),
        ]
    }

    #[test]
    fn what_there_is_nothing_of_is_left_out() {
        for (gives, moves, steps) in [
            (true, true, vec![Step::Refund, Step::Stock, Step::Finish]),
            (true, false, vec![Step::Refund, Step::Finish]),
            (false, true, vec![Step::Stock, Step::Finish]),
            (false, false, vec![Step::Finish]),
        ] {
            let mut process = Process::begin(gives, moves);
            for step in steps {
                assert_eq!(process.next(), Some(step));
                process = process.took(Outcome::Done);
            }
            assert_eq!(process.phase, Phase::Done);
        }
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let mut process = Process::begin(true, true);
        let mut before = Duration::ZERO;
        assert_eq!(process.pause(), before);
        while process.next().is_some() {
            process = process.took(Outcome::Unknown(String::new()));
            assert!(process.pause() >= before && process.pause() <= LONGEST_PAUSE);
            before = process.pause();
        }
        assert_eq!(process.phase, Phase::Manual(Step::Refund));
        assert_eq!(process.clone().resumed().pause(), Duration::ZERO);
    }

    proptest! {
        /// Whatever happens, each step is done before the next is begun, and it comes to rest.
        #[test]
        fn it_goes_forward_step_by_step_and_ends_or_waits(
            gives: bool,
            moves: bool,
            outcomes in prop::collection::vec((outcome(), 0..4u8), 0..60),
        ) {
            let mut process = Process::begin(gives, moves);
            let mut done = Vec::new();
            for (outcome, event) in outcomes {
                let before = process.clone();
                process = match (event, process.phase) {
                    (1, Phase::Running(_)) => process.interrupted(),
                    (2, Phase::Manual(_)) => process.resumed(),
                    (3, Phase::Manual(step)) => {
                        done.push(step);
                        process.settled()
                    }
                    (_, Phase::Running(step)) => {
                        if outcome == Outcome::Done {
                            done.push(step);
                        }
                        process.took(outcome)
                    }
                    _ => process,
                };
                prop_assert!(process.tries <= MOST_TRIES);
                if before.phase == Phase::Done {
                    prop_assert_eq!(&process, &before);
                }
            }
            let mut wanted = vec![Step::Refund, Step::Stock, Step::Finish];
            wanted.retain(|step| match step {
                Step::Refund => gives,
                Step::Stock => moves,
                Step::Finish => true,
            });
            prop_assert!(wanted.starts_with(&done), "{:?} of {:?}", done, wanted);
            prop_assert_eq!(process.phase == Phase::Done, done == wanted);
        }
    }
}
