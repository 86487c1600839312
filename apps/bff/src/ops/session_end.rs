//! `DELETE /api/session`: signing out.
//!
//! Invariant: the session is gone here before anything else is tried; identity's refusal or absence does not keep it.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use secrecy::ExposeSecret as _;

use crate::cookies;
use crate::error::Error;
use crate::state::App;

/// The handler.
pub async fn handle(State(app): State<App>, headers: HeaderMap) -> Result<Response, Error> {
    if let Ok(key) = app.session_of(&headers) {
        let session = app.sessions.read(&key).await?;
        app.sessions.end(&key).await?;
        app.tokens.forget(key.as_str());
        app.hub.session_ended(&key);
        if let Some(session) = session {
            match app
                .oidc
                .revoke(session.grant.refresh_token.expose_secret())
                .await
            {
                Ok(()) => tracing::info!(user.id = %session.person.id, "signed out"),
                Err(error) => {
                    tracing::warn!(%error, user.id = %session.person.id, "signed out here, but identity was not told");
                }
            }
        }
    }
    let headers = [(CACHE_CONTROL, "no-store")];
    let cookie = [(SET_COOKIE, cookies::clear_session())];
    Ok((StatusCode::NO_CONTENT, headers, cookie).into_response())
}
