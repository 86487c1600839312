//! Discount codes.
//!
//! Invariant: a store's discounts are for its own managers, to whom those of other stores do not exist; those of all
//! stores are the company's, and so any manager's.

pub mod create;
pub mod delete;
pub mod list;
pub mod read;
pub mod replace;

use service::auth::Principal;
use service::money::Currency;
use sqlx::PgConnection;

use crate::discount::{Discount, DiscountId, Edit};
use crate::error::{EditError, FieldFault, Thing};
use crate::store::{self, discounts};

/// Where they are.
const COLLECTION: &str = "/v1/discounts";

/// One that the caller may see.
async fn found(
    db: &mut PgConnection,
    principal: &Principal,
    id: DiscountId,
) -> Result<Discount, EditError> {
    let found = discounts::find(db, id).await?;
    found
        .filter(|it| it.store_id.is_none_or(|store| principal.works_at(store.0)))
        .ok_or(EditError::NotFound(Thing::Discount))
}

/// One that the caller has read at this version.
async fn unchanged(
    db: &mut PgConnection,
    principal: &Principal,
    id: DiscountId,
    version: i64,
) -> Result<(), EditError> {
    if found(db, principal, id).await?.version == version {
        Ok(())
    } else {
        Err(EditError::Stale)
    }
}

/// The currency of an edit's amounts, if the edit is one that the caller may make.
async fn judged(
    db: &mut PgConnection,
    principal: &Principal,
    edit: &Edit,
) -> Result<Option<Currency>, EditError> {
    let mut local = None;
    let mut faults = Vec::new();
    if let Some(store) = edit.store_id {
        if principal.works_at(store.0) {
            local = store::currency_of(db, store).await?;
        }
        if local.is_none() {
            faults.push(FieldFault::at("/store_id", "is no store of yours"));
        }
    }
    faults.extend(edit.faults(local));
    if faults.is_empty() {
        Ok(edit.currency())
    } else {
        Err(EditError::Invalid(faults))
    }
}
