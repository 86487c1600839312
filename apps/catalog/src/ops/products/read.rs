//! `GET /v1/products/{product}`: one product, with the version that an edit must name.

use axum::extract::State;
use axum::response::Response;
use service::extract::Path;
use service::problem::Problem;

use crate::answers;
use crate::error::{EditError, Thing};
use crate::menu::ProductId;
use crate::product::Product;
use crate::state::App;
use crate::store::products;

/// Answers 200, or 404 `product-not-found`.
pub async fn handler(
    State(app): State<App>,
    Path(id): Path<ProductId>,
) -> Result<Response, Problem> {
    let found = product(&app, id).await?;
    Ok(answers::current(found.version, &found))
}

/// The product.
pub async fn product(app: &App, id: ProductId) -> Result<Product, EditError> {
    let mut db = app.db.acquire().await?;
    let found = products::find(&mut db, id).await?;
    found.ok_or(EditError::NotFound(Thing::Product))
}
