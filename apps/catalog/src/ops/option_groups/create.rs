//! `POST /v1/option-groups`: a new choice, of which a store offers what it puts a price on.
//!
//! Invariant: its name is its natural key: the same request again is refused and adds nothing.

use axum::extract::State;
use axum::response::Response;
use service::database;
use service::extract::Json;
use service::problem::Problem;

use super::{COLLECTION, accept};
use crate::answers;
use crate::error::{EditError, Thing};
use crate::events::{self, Changed};
use crate::menu::GroupId;
use crate::option_group::{Edit, OptionGroup};
use crate::state::App;
use crate::store::{self, option_groups};

/// Answers 201 with its address; 409 `name-taken`, or 422 `inconsistent-fields`.
pub async fn handler(State(app): State<App>, Json(edit): Json<Edit>) -> Result<Response, Problem> {
    let made = create(&app, &edit).await?;
    Ok(answers::created(COLLECTION, made.id.0, made.version, &made))
}

/// Adds it.
pub async fn create(app: &App, edit: &Edit) -> Result<OptionGroup, EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    let options = accept(app, &mut transaction, edit, &[]).await?;
    let id = GroupId(app.ids.next());
    option_groups::insert(&mut transaction, id, edit, &options).await?;
    let made = option_groups::find(&mut transaction, id).await?;
    let made = made.ok_or(EditError::NotFound(Thing::OptionGroup))?;
    let now = app.clock.now();
    let news = events::catalog_changed(
        Changed::OptionGroup,
        id.0,
        None,
        made.version,
        &app.ids,
        now,
    )?;
    outbox::append(&mut transaction, &[news]).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(made)
}
