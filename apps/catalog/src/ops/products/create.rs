//! `POST /v1/products`: a new product, which no store sells before it has a price there.
//!
//! Invariant: its name in its category is its natural key: the same request again is refused and adds nothing.

use axum::extract::State;
use axum::response::Response;
use service::database;
use service::extract::Json;
use service::problem::Problem;

use super::{COLLECTION, accept};
use crate::answers;
use crate::error::{EditError, Thing};
use crate::events;
use crate::menu::ProductId;
use crate::product::{Edit, Product};
use crate::state::App;
use crate::store::{self, products};

/// Answers 201 with its address; 409 `name-taken`, or 422 `inconsistent-fields`.
pub async fn handler(State(app): State<App>, Json(edit): Json<Edit>) -> Result<Response, Problem> {
    let made = create(&app, &edit).await?;
    Ok(answers::created(COLLECTION, made.id.0, made.version, &made))
}

/// Adds it.
pub async fn create(app: &App, edit: &Edit) -> Result<Product, EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    let variations = accept(app, &mut transaction, edit, &[]).await?;
    let id = ProductId(app.ids.next());
    products::insert(&mut transaction, id, edit, &variations).await?;
    let made = products::find(&mut transaction, id).await?;
    let made = made.ok_or(EditError::NotFound(Thing::Product))?;
    let news = events::product_created(&made, &app.ids, app.clock.now())?;
    outbox::append(&mut transaction, &[news]).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(made)
}
