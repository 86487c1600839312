//! Who may see and change the stock of a store: those who work there.

use service::auth::Principal;

use crate::error::Error;
use crate::stock::StoreId;

/// Passes staff of `store`; for everybody else there is no such store.
pub fn staff_of(principal: &Principal, store: StoreId) -> Result<(), Error> {
    if principal.works_at(store.0) {
        Ok(())
    } else {
        Err(Error::StoreNotFound)
    }
}
