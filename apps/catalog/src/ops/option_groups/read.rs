//! `GET /v1/option-groups/{group}`: one option group, with the version that an edit must name.

use axum::extract::State;
use axum::response::Response;
use service::extract::Path;
use service::problem::Problem;

use crate::answers;
use crate::error::{EditError, Thing};
use crate::menu::GroupId;
use crate::state::App;
use crate::store::option_groups;

/// Answers 200, or 404 `option-group-not-found`.
pub async fn handler(State(app): State<App>, Path(id): Path<GroupId>) -> Result<Response, Problem> {
    let mut db = app.db.acquire().await.map_err(EditError::from)?;
    let found = option_groups::find(&mut db, id)
        .await
        .map_err(EditError::from)?;
    let found = found.ok_or(EditError::NotFound(Thing::OptionGroup))?;
    Ok(answers::current(found.version, &found))
}
