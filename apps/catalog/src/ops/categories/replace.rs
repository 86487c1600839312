//! `PUT /v1/categories/{category}`: another name or place for a heading.
//!
//! Invariant: only the version that the caller has read is replaced.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use service::database;
use service::etag;
use service::extract::{Json, Path};
use service::problem::Problem;

use super::{Category, Edit};
use crate::answers;
use crate::error::{EditError, Thing};
use crate::events::{self, Changed};
use crate::menu::CategoryId;
use crate::state::App;
use crate::store::{self, categories};

/// Answers 200 with it as it is now; 404, 409 `name-taken`, 412 or 428.
pub async fn handler(
    State(app): State<App>,
    Path(id): Path<CategoryId>,
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
    id: CategoryId,
    version: i64,
    edit: &Edit,
) -> Result<Category, EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    let found = categories::find(&mut transaction, id).await?;
    let found = found.ok_or(EditError::NotFound(Thing::Category))?;
    if found.version != version {
        return Err(EditError::Stale);
    }
    let written = categories::update(&mut transaction, id, edit).await?;
    let now = app.clock.now();
    let news = events::catalog_changed(
        Changed::Category,
        id.0,
        None,
        written.version,
        &app.ids,
        now,
    )?;
    outbox::append(&mut transaction, &[news]).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(written)
}
