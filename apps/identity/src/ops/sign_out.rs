//! `POST /sign-out`: ends the browser's session here, with every grant that came from it.
//!
//! Invariant: the answer is the same whether or not anybody was signed in.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::error::no_store;
use crate::ops::sign_in::FormError;
use crate::same_origin;
use crate::session;
use crate::standing;
use crate::state::App;
use crate::store;

/// The handler.
pub async fn handle(State(app): State<App>, headers: HeaderMap) -> Result<Response, FormError> {
    same_origin::check(&headers, app.issuer())?;
    if let Some(session) = session::current(&app, &headers).await? {
        let mut db = app.db.acquire().await?;
        let ended = store::sessions::end(&mut db, session.id, app.clock.now()).await?;
        drop(db);
        standing::forget(&app, &ended).await;
        tracing::info!(user.id = %session.person, session.id = %session.id, "signed out");
    }
    let headers = [
        (header::LOCATION, HeaderValue::from_static("/")),
        (header::SET_COOKIE, session::clear_cookie()),
    ];
    Ok(no_store((StatusCode::SEE_OTHER, headers)).into_response())
}
