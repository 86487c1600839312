//! `PUT /v1/products/{product}/image`: another photograph of a product.
//!
//! Invariant: only the version that the caller has read gets it. A picture that the product has already changes nothing,
//! of whatever version: so who repeats a request whose answer was lost is told that it is done (RFC 9110 §13.1.1).

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use service::database;
use service::etag;
use service::extract::{self, Path};
use service::problem::Problem;

use crate::answers;
use crate::error::{EditError, Thing};
use crate::events;
use crate::menu::ProductId;
use crate::product::Product;
use crate::state::App;
use crate::store::{self, photos, products};

/// Answers 200 with the product; 404, 412, 422 `image-invalid` or `image-too-large`, 428, or 429 `images-busy`.
pub async fn handler(
    State(app): State<App>,
    Path(id): Path<ProductId>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let version = etag::expected_version(&headers)?;
    let said = extract::media_type(&headers);
    let written = replace(&app, id, version, said, bytes).await?;
    Ok(answers::current(written.version, &written))
}

/// Replaces it by the picture in these bytes, which are said to be of this type.
pub async fn replace(
    app: &App,
    id: ProductId,
    version: i64,
    said: String,
    bytes: Bytes,
) -> Result<Product, EditError> {
    // Before the work: what is nowhere needs no picture.
    let mut db = app.db.acquire().await?;
    let found = products::find(&mut db, id).await?;
    drop(db);
    if found.is_none() {
        return Err(EditError::NotFound(Thing::Product));
    }
    let drawn = app.workshop.draw(said, bytes).await?;
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    let found = products::find(&mut transaction, id).await?;
    let found = found.ok_or(EditError::NotFound(Thing::Product))?;
    if found.photo.as_ref().is_some_and(|photo| photo.is(&drawn)) {
        return Ok(found);
    }
    if found.version != version {
        return Err(EditError::Stale);
    }
    photos::replace(&mut transaction, id, &drawn).await?;
    let written = products::find(&mut transaction, id).await?;
    let written = written.ok_or(EditError::NotFound(Thing::Product))?;
    let news = events::product_updated(&written, &app.ids, app.clock.now())?;
    outbox::append(&mut transaction, &[news]).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(written)
}
