//! `DELETE /v1/products/{product}`: a product less.
//!
//! Invariant: one that a store sells, or is going to sell, stays; only the version that the caller has read goes.

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
use crate::store::{self, products};

/// Answers 204; 404, 409 `still-sold`, 412 or 428.
pub async fn handler(
    State(app): State<App>,
    Path(id): Path<ProductId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let version = etag::expected_version(&headers)?;
    delete(&app, id, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes it.
pub async fn delete(app: &App, id: ProductId, version: i64) -> Result<(), EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    let found = products::find(&mut transaction, id).await?;
    let found = found.ok_or(EditError::NotFound(Thing::Product))?;
    if found.version != version {
        return Err(EditError::Stale);
    }
    let variations: Vec<_> = found.variations.iter().map(|it| it.id).collect();
    if !products::sold(&mut transaction, &variations)
        .await?
        .is_empty()
    {
        return Err(EditError::InUse(Thing::Product));
    }
    products::delete(&mut transaction, id).await?;
    let news = events::product_deleted(id, version, &app.ids, app.clock.now())?;
    outbox::append(&mut transaction, &[news]).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(())
}
