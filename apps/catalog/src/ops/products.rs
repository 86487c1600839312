//! What the company sells: products with their variations.
//!
//! Invariant: whether a store sells one is that store's: a product or variation goes only when none does any more.

pub mod create;
pub mod delete;
pub mod list;
pub mod read;
pub mod replace;

use sqlx::PgConnection;

use crate::error::{EditError, FieldFault, Thing};
use crate::menu::VariationId;
use crate::product::Edit;
use crate::state::App;
use crate::store::products;

/// Where they are.
const COLLECTION: &str = "/v1/products";

/// Refuses an edit of a product that has the variations `existing`, unless it can be written as it is. Says the ids of
/// its variations, old and new.
async fn accept(
    app: &App,
    db: &mut PgConnection,
    edit: &Edit,
    existing: &[VariationId],
) -> Result<Vec<VariationId>, EditError> {
    let mut faults = edit.faults(existing);
    let (has_category, no_groups) = products::missing(db, edit).await?;
    if !has_category {
        faults.push(FieldFault::at("/category_id", "is no category"));
    }
    for (index, group) in edit.option_group_ids.iter().enumerate() {
        if no_groups.contains(group) {
            let pointer = format!("/option_group_ids/{index}");
            faults.push(FieldFault::at(pointer, "is no option group"));
        }
    }
    if !faults.is_empty() {
        return Err(EditError::Invalid(faults));
    }
    let named = |id: &VariationId| edit.variations.iter().any(|it| it.id == Some(*id));
    let gone: Vec<_> = existing.iter().copied().filter(|id| !named(id)).collect();
    if !products::sold(db, &gone).await?.is_empty() {
        return Err(EditError::InUse(Thing::Product));
    }
    let ids = edit.variations.iter();
    Ok(ids
        .map(|it| it.id.unwrap_or_else(|| VariationId(app.ids.next())))
        .collect())
}
