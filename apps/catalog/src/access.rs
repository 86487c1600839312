//! Who may change what a store asks for its goods: its own managers. What the company sells is any manager's.
//!
//! Invariant: a store that the caller does not work at and one that does not exist are answered alike.

use service::auth::Principal;
use service::money::Currency;
use sqlx::PgConnection;

use crate::error::Error;
use crate::menu::StoreId;
use crate::store;

/// Passes staff of `store`; for everybody else there is no such store.
pub fn staff_of(principal: &Principal, store: StoreId) -> Result<(), Error> {
    if principal.works_at(store.0) {
        Ok(())
    } else {
        Err(Error::UnknownStore)
    }
}

/// The currency of a store that the caller works at.
pub async fn currency_at(
    db: &mut PgConnection,
    principal: &Principal,
    store: StoreId,
) -> Result<Currency, Error> {
    staff_of(principal, store)?;
    let currency = store::currency_of(db, store).await?;
    currency.ok_or(Error::UnknownStore)
}
