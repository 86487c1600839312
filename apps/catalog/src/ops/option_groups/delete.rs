//! `DELETE /v1/option-groups/{group}`: a choice less.
//!
//! Invariant: one that a product has, or an option of which a store offers, stays; only the version that the caller has
//! read goes.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use service::database;
use service::etag;
use service::extract::Path;
use service::problem::Problem;

use crate::error::{EditError, Thing};
use crate::events::{self, Changed};
use crate::menu::GroupId;
use crate::state::App;
use crate::store::{self, option_groups};

/// Answers 204; 404, 409 `option-group-in-use` or `still-sold`, 412 or 428.
pub async fn handler(
    State(app): State<App>,
    Path(id): Path<GroupId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let version = etag::expected_version(&headers)?;
    delete(&app, id, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes it.
pub async fn delete(app: &App, id: GroupId, version: i64) -> Result<(), EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    let found = option_groups::find(&mut transaction, id).await?;
    let found = found.ok_or(EditError::NotFound(Thing::OptionGroup))?;
    if found.version != version {
        return Err(EditError::Stale);
    }
    if option_groups::is_used(&mut transaction, id).await? {
        return Err(EditError::InUse(Thing::OptionGroup));
    }
    let options: Vec<_> = found.options.iter().map(|it| it.id).collect();
    if !option_groups::sold(&mut transaction, &options)
        .await?
        .is_empty()
    {
        return Err(EditError::InUse(Thing::Item));
    }
    option_groups::delete(&mut transaction, id).await?;
    let now = app.clock.now();
    // The end of it counts as a version too.
    let last = version + 1;
    let news = events::catalog_changed(Changed::OptionGroup, id.0, None, last, &app.ids, now)?;
    outbox::append(&mut transaction, &[news]).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(())
}
