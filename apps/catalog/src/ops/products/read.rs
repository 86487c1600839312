//! `GET /v1/products/{product}`: one product, with the version that an edit must name.

use axum::extract::State;
use axum::response::Response;
use service::extract::Path;
use service::problem::Problem;

use crate::answers;
use crate::error::{EditError, Thing};
use crate::menu::ProductId;
use crate::state::App;
use crate::store::products;

/// Answers 200, or 404 `product-not-found`.
pub async fn handler(
    State(app): State<App>,
    Path(id): Path<ProductId>,
) -> Result<Response, Problem> {
    let mut db = app.db.acquire().await.map_err(EditError::from)?;
    let found = products::find(&mut db, id).await.map_err(EditError::from)?;
    let found = found.ok_or(EditError::NotFound(Thing::Product))?;
    Ok(answers::current(found.version, &found))
}
