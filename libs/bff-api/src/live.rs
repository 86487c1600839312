//! What the two event streams carry after their snapshot.
//!
//! Invariant: a change is sent only when its [`Standing`] is higher than all sent before for that order.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Checkout, Courier, Fulfilment, Order, Payment, Reason};

/// Names in the `event:` field of both streams.
pub mod event {
    /// Data is a whole [`crate::Order`]: first of an order's stream, and again whenever the stream may have missed something.
    pub const ORDER: &str = "order";
    /// Data is a [`crate::Page`] of orders: first of a board's stream, and again whenever it may have missed something.
    pub const TICKETS: &str = "tickets";
    /// Data is a [`crate::OrderChange`].
    pub const CHANGE: &str = "change";
}

/// A transition of the watched order (`GET /api/orders/{id}/events`), or of any order of the watched store
/// (`GET /api/stores/{id}/tickets/events`), where an unknown id is a new ticket: read it with `GET /api/orders/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderChange {
    /// The order that changed.
    pub order_id: Uuid,
    /// Its number at the counter.
    pub number: String,
    /// State after the transition.
    pub checkout: Checkout,
    /// State after the transition.
    pub fulfilment: Fulfilment,
    /// After the transition; `None` when the event did not say, and then it is as it was.
    #[serde(default)]
    pub payment: Option<Payment>,
    /// Why the order is or will be cancelled.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// Where the courier is of an order that is brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub courier: Option<Courier>,
    /// Version after the transition.
    pub version: i64,
}

/// How far an order has come: by its version and, of one version, by where its courier is.
pub type Standing = (i64, Option<Courier>);

impl OrderChange {
    /// How far the order has come with it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        (self.version, self.courier)
    }
}

impl Order {
    /// How far it has come.
    #[must_use]
    pub fn standing(&self) -> Standing {
        (self.version, self.delivery.as_ref().map(|it| it.courier))
    }
}
