//! `PUT /v1/option-groups/{group}`: other options, or another number of them to choose.
//!
//! Invariant: only the version that the caller has read is replaced, and an option that a store offers stays.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use service::database;
use service::etag;
use service::extract::{Json, Path};
use service::problem::Problem;

use super::accept;
use crate::answers;
use crate::error::{EditError, Thing};
use crate::events::{self, Changed};
use crate::menu::GroupId;
use crate::option_group::{Edit, OptionGroup};
use crate::state::App;
use crate::store::{self, option_groups};

/// Answers 200 with it as it is now; 404, 409 `name-taken` or `still-sold`, 412, 422 `inconsistent-fields` or 428.
pub async fn handler(
    State(app): State<App>,
    Path(id): Path<GroupId>,
    headers: HeaderMap,
    Json(edit): Json<Edit>,
) -> Result<Response, Problem> {
    let version = etag::expected_version(&headers)?;
    let written = replace(&app, id, version, &edit).await?;
    Ok(answers::current(written.version, &written))
}

/// Replaces it.
pub async fn replace(
    app: &App,
    id: GroupId,
    version: i64,
    edit: &Edit,
) -> Result<OptionGroup, EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    let found = option_groups::find(&mut transaction, id).await?;
    let found = found.ok_or(EditError::NotFound(Thing::OptionGroup))?;
    if found.version != version {
        return Err(EditError::Stale);
    }
    let existing: Vec<_> = found.options.iter().map(|it| it.id).collect();
    let options = accept(app, &mut transaction, edit, &existing).await?;
    option_groups::update(&mut transaction, id, edit, &options).await?;
    let written = option_groups::find(&mut transaction, id).await?;
    let written = written.ok_or(EditError::NotFound(Thing::OptionGroup))?;
    let (version, now) = (written.version, app.clock.now());
    let news = events::catalog_changed(Changed::OptionGroup, id.0, None, version, &app.ids, now)?;
    outbox::append(&mut transaction, &[news]).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(written)
}
