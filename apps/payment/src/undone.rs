//! What an undoing answers: the payment as it stands now, or that there never was and never will be one.
//!
//! Invariant: undoing is the last word, so what is answered here never leads to money being taken again.

use schemars::JsonSchema;
use serde::Serialize;

use crate::payment::{OrderId, Payment, Status};

/// The answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Undone {
    /// The payment after it.
    Payment(Payment),
    /// There was none, and one that comes later is refused.
    Never {
        /// Of which order.
        order_id: OrderId,
        /// Always [`Status::Voided`].
        status: Status,
    },
}

impl Undone {
    /// Of an order that was never paid.
    #[must_use]
    pub fn never(order_id: OrderId) -> Self {
        Self::Never {
            order_id,
            status: Status::Voided,
        }
    }
}
