//! What came back of an order, as its customer and the staff of its store see it, and a manager's word on it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Money;

/// A return (`GET /api/orders/{id}/returns`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// Identifies it in every path.
    pub id: Uuid,
    /// The order's number and the how manieth return of it this is, such as `A-042-R1`.
    pub number: String,
    /// How far it has come.
    pub state: ReturnState,
    /// Why.
    pub reason: ReturnReason,
    /// What staff said of it; told to staff alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What.
    pub lines: Vec<ReturnLine>,
    /// What is given for it.
    pub amount: Money,
}

/// One line of a [`Return`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnLine {
    /// The product's name.
    pub product: String,
    /// How many; none if only a part of the price is given back.
    pub quantity: u32,
}

/// Body of `POST /api/returns/{id}/rejection`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Why it is not taken back.
    pub note: String,
}

/// Why something comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnReason {
    /// It is not what was ordered.
    WrongItem,
    /// It is not as good as it should be.
    Quality,
    /// It is broken or spilt.
    Damaged,
    /// It came too late.
    Late,
    /// The customer does not want it any more.
    ChangedMind,
    /// What the note says, or one that this version does not know yet.
    #[serde(other)]
    Other,
}

/// How far a return has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnState {
    /// A manager has to let it go on.
    Waiting,
    /// A manager did not.
    Rejected,
    /// Its money is on its way.
    Running,
    /// A person sees to it.
    Manual,
    /// Its money was given.
    Done,
    /// Somewhere that this version does not know yet.
    #[serde(other)]
    Elsewhere,
}
