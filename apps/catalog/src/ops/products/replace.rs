//! `PUT /v1/products/{product}`: another description of a product.
//!
//! Invariant: only the version that the caller has read is replaced, and a variation that a store sells stays.

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
use crate::events;
use crate::menu::ProductId;
use crate::product::{Edit, Product};
use crate::state::App;
use crate::store::{self, products};

/// Answers 200 with it as it is now; 404, 409 `name-taken` or `still-sold`, 412, 422 `inconsistent-fields` or 428.
pub async fn handler(
    State(app): State<App>,
    Path(id): Path<ProductId>,
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
    id: ProductId,
    version: i64,
    edit: &Edit,
) -> Result<Product, EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    let found = products::find(&mut transaction, id).await?;
    let found = found.ok_or(EditError::NotFound(Thing::Product))?;
    if found.version != version {
        return Err(EditError::Stale);
    }
    let existing: Vec<_> = found.variations.iter().map(|it| it.id).collect();
    let variations = accept(app, &mut transaction, edit, &existing).await?;
    products::update(&mut transaction, id, edit, &variations).await?;
    let written = products::find(&mut transaction, id).await?;
    let written = written.ok_or(EditError::NotFound(Thing::Product))?;
    let news = events::product_updated(&written, &app.ids, app.clock.now())?;
    outbox::append(&mut transaction, &[news]).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(written)
}
