//! `GET /v1/categories/{category}`: one heading, with the version that an edit must name.

use axum::extract::State;
use axum::response::Response;
use service::extract::Path;
use service::problem::Problem;

use crate::answers;
use crate::error::{EditError, Thing};
use crate::menu::CategoryId;
use crate::state::App;
use crate::store::categories;

/// Answers 200, or 404 `category-not-found`.
pub async fn handler(
    State(app): State<App>,
    Path(id): Path<CategoryId>,
) -> Result<Response, Problem> {
    let mut db = app.db.acquire().await.map_err(EditError::from)?;
    let found = categories::find(&mut db, id)
        .await
        .map_err(EditError::from)?;
    let found = found.ok_or(EditError::NotFound(Thing::Category))?;
    Ok(answers::current(found.version, &found))
}
