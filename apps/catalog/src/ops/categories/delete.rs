//! `DELETE /v1/categories/{category}`: a heading less.
//!
//! Invariant: one with products stays, and only the version that the caller has read goes.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use service::database;
use service::etag;
use service::extract::Path;
use service::problem::Problem;

use crate::error::{EditError, Thing};
use crate::events::{self, Changed};
use crate::menu::CategoryId;
use crate::state::App;
use crate::store::{self, categories};

/// Answers 204; 404, 409 `category-in-use`, 412 or 428.
pub async fn handler(
    State(app): State<App>,
    Path(id): Path<CategoryId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let version = etag::expected_version(&headers)?;
    delete(&app, id, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes it.
pub async fn delete(app: &App, id: CategoryId, version: i64) -> Result<(), EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    let found = categories::find(&mut transaction, id).await?;
    let found = found.ok_or(EditError::NotFound(Thing::Category))?;
    if found.version != version {
        return Err(EditError::Stale);
    }
    if categories::is_used(&mut transaction, id).await? {
        return Err(EditError::InUse(Thing::Category));
    }
    categories::delete(&mut transaction, id).await?;
    let now = app.clock.now();
    // The end of it counts as a version too.
    let last = version + 1;
    let news = events::catalog_changed(Changed::Category, id.0, None, last, &app.ids, now)?;
    outbox::append(&mut transaction, &[news]).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(())
}
