//! What may happen to an order, and in which order: two axes of state and one table of steps.
//!
//! Invariant: a step is legal exactly if [`STEPS`] has a row for it, and every row moves exactly one axis.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// First axis: is there a deal, and has it been settled?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Checkout {
    /// Placed; whether it will be made is not decided.
    Pending,
    /// It will be made.
    Confirmed,
    /// It will not be made, and nothing is owed.
    Cancelled,
    /// Handed over and paid for.
    Completed,
    /// A person has to decide.
    Manual,
}

/// Second axis: how far has the making come?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Fulfilment {
    /// Nobody has started.
    Waiting,
    /// Being made.
    Preparation,
    /// On the counter.
    Ready,
    /// In the customer's hands.
    Delivered,
}

impl Checkout {
    /// The status as it is written everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
            Self::Manual => "manual",
        }
    }
}

impl Fulfilment {
    /// The status as it is written everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Preparation => "preparation",
            Self::Ready => "ready",
            Self::Delivered => "delivered",
        }
    }
}

/// Where an order stands on both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// First axis.
    pub checkout: Checkout,
    /// Second axis.
    pub fulfilment: Fulfilment,
}

/// Something that happens to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A customer orders.
    Place,
    /// The shop takes the order on.
    Confirm,
    /// A barista starts making it.
    Prepare,
    /// It is put on the counter.
    PutOut,
    /// It is handed to the customer.
    HandOver,
    /// It has been paid for.
    Complete,
    /// A confirmed order that nobody has begun to make is being undone.
    Recall,
    /// All of it is undone: it will not be made, and nothing is owed.
    Cancel,
    /// It can't be undone by itself: a person has to see to it.
    Park,
    /// That person lets the undoing go on.
    Resume,
    /// That person has undone it by hand.
    Settle,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What happens.
    pub step: Step,
    /// Where the order must stand; `None` before it exists.
    pub from: Option<State>,
    /// Where it stands afterwards.
    pub to: State,
}

/// Every legal step. All that changes an order goes through it.
pub const STEPS: [Row; 11] = {
    use Checkout::{Cancelled, Completed, Confirmed, Manual, Pending};
    use Fulfilment::{Delivered, Preparation, Ready, Waiting};
    [
        placed(Step::Place, (Pending, Waiting)),
        row(Step::Confirm, (Pending, Waiting), (Confirmed, Waiting)),
        row(
            Step::Prepare,
            (Confirmed, Waiting),
            (Confirmed, Preparation),
        ),
        row(Step::PutOut, (Confirmed, Preparation), (Confirmed, Ready)),
        row(Step::HandOver, (Confirmed, Ready), (Confirmed, Delivered)),
        row(
            Step::Complete,
            (Confirmed, Delivered),
            (Completed, Delivered),
        ),
        row(Step::Recall, (Confirmed, Waiting), (Pending, Waiting)),
        row(Step::Cancel, (Pending, Waiting), (Cancelled, Waiting)),
        row(Step::Park, (Pending, Waiting), (Manual, Waiting)),
        row(Step::Resume, (Manual, Waiting), (Pending, Waiting)),
        row(Step::Settle, (Manual, Waiting), (Cancelled, Waiting)),
    ]
};

const fn state((checkout, fulfilment): (Checkout, Fulfilment)) -> State {
    State {
        checkout,
        fulfilment,
    }
}

const fn placed(step: Step, to: (Checkout, Fulfilment)) -> Row {
    Row {
        step,
        from: None,
        to: state(to),
    }
}

const fn row(step: Step, from: (Checkout, Fulfilment), to: (Checkout, Fulfilment)) -> Row {
    Row {
        step,
        from: Some(state(from)),
        to: state(to),
    }
}

/// A step that the table does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the step {step:?} is not possible from {from:?}")]
pub struct IllegalStep {
    /// What was tried.
    pub step: Step,
    /// Where the order stood.
    pub from: Option<State>,
}

impl Step {
    /// The state after this step from `from`.
    pub fn from(self, from: Option<State>) -> Result<State, IllegalStep> {
        STEPS
            .iter()
            .find(|row| row.step == self && row.from == from)
            .map(|row| row.to)
            .ok_or(IllegalStep { step: self, from })
    }

    /// The step by which staff brings an order's making to `target`; nothing brings it back to the start.
    #[must_use]
    pub fn towards(target: Fulfilment) -> Option<Self> {
        match target {
            Fulfilment::Waiting => None,
            Fulfilment::Preparation => Some(Self::Prepare),
            Fulfilment::Ready => Some(Self::PutOut),
            Fulfilment::Delivered => Some(Self::HandOver),
        }
    }
}

/// The axis that a transition moved, with where from and to, as history tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// On the first axis; `None` is the order's beginning.
    Checkout(Option<Checkout>, Checkout),
    /// On the second axis.
    Fulfilment(Fulfilment, Fulfilment),
}

/// A [`Move`] in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoveNames {
    /// `checkout` or `fulfilment`.
    pub axis: &'static str,
    /// The status before; nothing for an order's beginning.
    pub from: Option<&'static str>,
    /// The status after.
    pub to: &'static str,
}

impl Move {
    /// The words that history tells it in.
    #[must_use]
    pub fn names(self) -> MoveNames {
        match self {
            Self::Checkout(from, to) => MoveNames {
                axis: "checkout",
                from: from.map(Checkout::name),
                to: to.name(),
            },
            Self::Fulfilment(from, to) => MoveNames {
                axis: "fulfilment",
                from: Some(from.name()),
                to: to.name(),
            },
        }
    }

    /// What changed between two states.
    #[must_use]
    pub fn between(from: Option<State>, to: State) -> Self {
        match from {
            Some(from) if from.checkout == to.checkout => {
                Self::Fulfilment(from.fulfilment, to.fulfilment)
            }
            from => Self::Checkout(from.map(|from| from.checkout), to.checkout),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_moves_exactly_one_axis() {
        for row in STEPS {
            let Some(from) = row.from else {
                assert_eq!(row.step, Step::Place);
                continue;
            };
            let moved = [
                from.checkout != row.to.checkout,
                from.fulfilment != row.to.fulfilment,
            ];
            assert!(moved[0] ^ moved[1], "{row:?}");
        }
    }

    #[test]
    fn a_step_leads_to_one_state_from_each() {
        for (index, row) in STEPS.iter().enumerate() {
            assert!(
                !STEPS[..index]
                    .iter()
                    .any(|other| other.step == row.step && other.from == row.from),
                "{row:?} stands twice"
            );
        }
    }

    #[test]
    fn a_status_has_one_name() {
        for row in STEPS {
            assert_eq!(serde_json::json!(row.to.checkout), row.to.checkout.name());
            assert_eq!(
                serde_json::json!(row.to.fulfilment),
                row.to.fulfilment.name()
            );
        }
    }

    #[test]
    fn making_goes_forward_only() {
        assert_eq!(Step::towards(Fulfilment::Waiting), None);
        for row in STEPS {
            if let Some(from) = row.from {
                assert!(row.to.fulfilment as u8 >= from.fulfilment as u8, "{row:?}");
            }
        }
    }
}
