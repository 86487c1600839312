//! What is shown of each side. No IO.
//!
//! Invariant: what has an id at the provider is shown under it.

use service::money::Money;

use crate::reconcile::{Capture, Figure, Ours, Refund, Sale, Stand};

/// What the ledger says of an operation.
pub fn booked(operation: &Ours) -> Money {
    Money::new(operation.booked.unwrap_or(0), operation.amount.currency)
}

/// An operation of ours.
pub fn figure(operation: &Ours, state: Stand) -> Figure {
    let id = operation.provider_id.clone();
    Figure {
        id: id.unwrap_or_else(|| operation.id.0.to_string()),
        state,
        amount: operation.amount,
    }
}

/// A purchase at the provider, of which so much counts.
pub fn of_sale(sale: &Sale, state: Stand, amount: i64) -> Figure {
    Figure {
        id: sale.id.clone(),
        state,
        amount: Money::new(amount, sale.amount.currency),
    }
}

/// What was taken of one.
pub fn of_capture(capture: &Capture, sale: &Sale) -> Figure {
    Figure {
        id: capture.id.clone(),
        state: Stand::Captured,
        amount: Money::new(capture.amount, sale.amount.currency),
    }
}

/// What was given back.
pub fn of_refund(refund: &Refund) -> Figure {
    Figure {
        id: refund.id.clone(),
        state: Stand::Refunded,
        amount: refund.amount,
    }
}
