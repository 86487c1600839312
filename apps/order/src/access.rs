//! Who may see an order: the person who placed it, and the staff of its store.

use service::auth::Principal;

use crate::order::{Order, StoreId};

/// The scope of staff.
pub const FULFIL: &str = "order:fulfil";
/// The scope of those who run a store.
pub const MANAGE: &str = "order:manage";

/// Whether `principal` may see `order`.
#[must_use]
pub fn may_see(principal: &Principal, order: &Order) -> bool {
    principal.user_id() == Some(order.customer.0) || is_staff_of(principal, order.store_id)
}

/// Whether `principal` works at `store` and may handle its orders.
#[must_use]
pub fn is_staff_of(principal: &Principal, store: StoreId) -> bool {
    principal.has_scope(FULFIL) && principal.works_at(store.0)
}
