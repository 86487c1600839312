//! `GET /api/session`: who is signed in.
//!
//! Invariant: it answers 200 either way, and a cookie that leads to no session is taken back.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::response::{IntoResponse as _, Response};
use bff_api::{Session, User};

use crate::cookies;
use crate::error::Error;
use crate::state::App;

/// The handler.
pub async fn handle(State(app): State<App>, headers: HeaderMap) -> Result<Response, Error> {
    let uncached = [(CACHE_CONTROL, "no-store")];
    let found = match app.session_of(&headers) {
        Ok(key) => app.sessions.find(&key).await?,
        Err(_) => None,
    };
    if let Some(session) = found {
        let person = session.person;
        let user = User {
            name: person.name,
            roles: person.roles,
            stores: person.stores,
        };
        return Ok((uncached, Json(Session::of(user))).into_response());
    }
    let taken_back =
        cookies::read(&headers, cookies::SESSION).map(|_| [(SET_COOKIE, cookies::clear_session())]);
    let anonymous = Json(Session::anonymous());
    Ok(match taken_back {
        Some(cookie) => (uncached, cookie, anonymous).into_response(),
        None => (uncached, anonymous).into_response(),
    })
}
