//! Bringing an order to a door: what it costs, and where its courier is.
//!
//! Invariant: no address is here.

use serde::{Deserialize, Serialize};

use crate::Money;

/// How an order is brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What it costs, contained in the order's total.
    pub fee: Money,
    /// How long it takes from the order to the door.
    pub minutes: u32,
    /// Where its courier is.
    pub courier: Courier,
}

/// Where the courier of an order is. The order of the variants is that of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Courier {
    /// Looked for.
    Awaited,
    /// Found; comes for it.
    Booked,
    /// On the way with it.
    Dispatched,
    /// Has handed it over at the door.
    Delivered,
    /// None was found, or it came back to the shop.
    Failed,
    /// Somewhere that this version does not know yet.
    #[serde(other)]
    Elsewhere,
}
