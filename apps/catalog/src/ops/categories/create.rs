//! `POST /v1/categories`: a new heading.
//!
//! Invariant: its name is its natural key: the same request again is refused and adds nothing.

use axum::extract::State;
use axum::response::Response;
use service::database;
use service::extract::Json;
use service::problem::Problem;

use super::{COLLECTION, Category, Edit};
use crate::answers;
use crate::error::EditError;
use crate::events::{self, Changed};
use crate::menu::CategoryId;
use crate::state::App;
use crate::store::{self, categories};

/// Answers 201 with its address, or 409 `name-taken`.
pub async fn handler(State(app): State<App>, Json(edit): Json<Edit>) -> Result<Response, Problem> {
    let made = create(&app, &edit).await?;
    Ok(answers::created(COLLECTION, made.id.0, made.version, &made))
}

/// Adds it.
pub async fn create(app: &App, edit: &Edit) -> Result<Category, EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    let id = CategoryId(app.ids.next());
    let made = categories::insert(&mut transaction, id, edit).await?;
    let now = app.clock.now();
    let news = events::catalog_changed(Changed::Category, id.0, None, made.version, &app.ids, now)?;
    outbox::append(&mut transaction, &[news]).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(made)
}
