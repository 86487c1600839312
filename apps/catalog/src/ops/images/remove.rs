//! `DELETE /v1/products/{product}/image`: a product without its photograph.
//!
//! Invariant: only the version that the caller has read loses it; one that has none is left as it is.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use service::database;
use service::etag;
use service::extract::Path;
use service::problem::Problem;

use crate::error::{EditError, Thing};
use crate::events;
use crate::menu::ProductId;
use crate::state::App;
use crate::store::{self, photos, products};

/// Answers 204; 404, 412 or 428.
pub async fn handler(
    State(app): State<App>,
    Path(id): Path<ProductId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let version = etag::expected_version(&headers)?;
    remove(&app, id, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes it away.
pub async fn remove(app: &App, id: ProductId, version: i64) -> Result<(), EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    let found = products::find(&mut transaction, id).await?;
    let found = found.ok_or(EditError::NotFound(Thing::Product))?;
    if found.photo.is_none() {
        return Ok(());
    }
    if found.version != version {
        return Err(EditError::Stale);
    }
    photos::remove(&mut transaction, id).await?;
    let written = products::find(&mut transaction, id).await?;
    let written = written.ok_or(EditError::NotFound(Thing::Product))?;
    let news = events::product_updated(&written, &app.ids, app.clock.now())?;
    outbox::append(&mut transaction, &[news]).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(())
}
