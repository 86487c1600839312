//! Who may see a shipment: whose it is, and the staff of its store.
//!
//! Invariant: what the caller may not see and what does not exist are answered alike.

use service::auth::Principal;

use crate::error::Error;
use crate::shipment::Shipment;
use crate::zone::StoreId;

/// Passes staff of `store`; for everybody else there is no such store.
pub fn staff_of(principal: &Principal, store: StoreId) -> Result<(), Error> {
    if principal.works_at(store.0) {
        Ok(())
    } else {
        Err(Error::StoreNotFound)
    }
}

/// Whether `principal` may see `shipment`.
#[must_use]
pub fn may_see(principal: &Principal, shipment: &Shipment) -> bool {
    principal.user_id() == Some(shipment.customer_id.0) || principal.works_at(shipment.store_id.0)
}
