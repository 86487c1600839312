//! `GET /account/export`: all that is known about a person here, as JSON to keep (GDPR, article 20).
//!
//! Invariant: hers alone, and nothing with which anybody could sign in.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};

use crate::error::no_store;
use crate::form::FormError;
use crate::paths;
use crate::state::App;
use crate::step_up;
use crate::store;

/// The handler.
pub async fn handle(State(app): State<App>, headers: HeaderMap) -> Result<Response, FormError> {
    let session = step_up::signed_in(&app, &headers, paths::ACCOUNT).await?;
    let mut db = app.db.acquire().await?;
    let data = store::personal_data::of(&mut db, session.person).await?;
    let data = data.ok_or(FormError::SignInFirst(paths::ACCOUNT))?;
    let headers = [(
        header::CONTENT_DISPOSITION,
        r#"attachment; filename="crema-account.json""#,
    )];
    Ok(no_store((headers, Json(data)).into_response()))
}
