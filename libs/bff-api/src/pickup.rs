//! When an order is picked up, and when it can be.
//!
//! Invariant: a slot is named by the instant at which it begins; what is told of it promises nothing.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// When an order is picked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pickup {
    /// How.
    pub kind: PickupKind,
    /// When it was promised to be ready.
    pub due_at: DateTime<Utc>,
}

/// How an order is picked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PickupKind {
    /// As soon as it is made.
    Now,
    /// In the slot that begins when it is due.
    Slot,
}

/// When an order can be picked up at a store (`GET /api/stores/{id}/slots`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    /// Whether the store is open now, so that an order is made at once.
    pub open: bool,
    /// When it opens next, if it is closed and that is known.
    pub opens_at: Option<DateTime<Utc>>,
    /// How long whoever orders now waits.
    pub wait_minutes: i64,
    /// How long a slot is.
    pub slot_minutes: i64,
    /// In order, those that are taken as well.
    pub slots: Vec<Slot>,
}

/// One slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// When it begins.
    pub at: DateTime<Utc>,
    /// How many more orders it takes.
    pub left: i32,
}
