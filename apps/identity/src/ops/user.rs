//! `GET /v1/users/{id}`: one account, with its version as `ETag`.
//!
//! Invariant: nothing that signs anybody in is shown.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use service::auth::Principal;
use service::etag;
use service::extract::Path;
use uuid::Uuid;

use crate::error::no_store;
use crate::operator::{Operator, OperatorError};
use crate::person::PersonId;
use crate::state::App;
use crate::store::{self, accounts::Account};

/// Answers 200 with the account, or 404.
pub async fn handle(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<Response, OperatorError> {
    let mut db = app.db.acquire().await?;
    Operator::of(&app, &mut db, &principal).await?;
    let account = store::accounts::get(&mut db, PersonId(id)).await?;
    Ok(answer(account.ok_or(OperatorError::NotFound)?))
}

/// The answer that shows an account.
#[must_use]
pub fn answer(account: Account) -> Response {
    let etag = etag::of_version(account.version);
    no_store(([etag::header(etag)], Json(account)).into_response())
}
