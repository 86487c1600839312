//! Choices that products share.
//!
//! Invariant: whether a store offers an option is that store's: one goes only when none does any more.

pub mod create;
pub mod delete;
pub mod list;
pub mod read;
pub mod replace;

use sqlx::PgConnection;

use crate::error::{EditError, Thing};
use crate::menu::OptionId;
use crate::option_group::Edit;
use crate::state::App;
use crate::store::option_groups;

/// Where they are.
const COLLECTION: &str = "/v1/option-groups";

/// Refuses an edit of a group that has the options `existing`, unless it can be written as it is. Says the ids of its
/// options, old and new.
async fn accept(
    app: &App,
    db: &mut PgConnection,
    edit: &Edit,
    existing: &[OptionId],
) -> Result<Vec<OptionId>, EditError> {
    let faults = edit.faults(existing);
    if !faults.is_empty() {
        return Err(EditError::Invalid(faults));
    }
    let named = |id: &OptionId| edit.options.iter().any(|it| it.id == Some(*id));
    let gone: Vec<_> = existing.iter().copied().filter(|id| !named(id)).collect();
    if !option_groups::sold(db, &gone).await?.is_empty() {
        return Err(EditError::InUse(Thing::Item));
    }
    let ids = edit.options.iter();
    Ok(ids
        .map(|it| it.id.unwrap_or_else(|| OptionId(app.ids.next())))
        .collect())
}
