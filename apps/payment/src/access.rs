//! Who may see a payment: the staff of its store.
//!
//! Invariant: a payment of another store and one that does not exist are answered alike.

use service::auth::Principal;

use crate::payment::Payment;

/// Whether `principal` works where `payment` was made.
#[must_use]
pub fn is_staff_of(principal: &Principal, payment: &Payment) -> bool {
    principal.works_at(payment.store_id.0)
}
