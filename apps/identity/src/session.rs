//! A person's sign-in in one browser: the cookie `__Host-crema-id` and what it stands for.
//!
//! Invariant: the cookie is opaque and new at every sign-in; it ends after [`LIFETIME`] whatever happens.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use crate::error::Failure;
use crate::opaque::{self, Opaque};
use crate::person::PersonId;
use crate::standing;
use crate::state::App;
use crate::store;

/// How long a sign-in lasts: a long shift.
pub const LIFETIME: Duration = Duration::hours(12);

const COOKIE: &str = "__Host-crema-id";

/// A sign-in that is in force.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id: the `sid` of every token that comes from it.
    pub id: Uuid,
    /// Who signed in.
    pub person: PersonId,
    /// When she did.
    pub created_at: DateTime<Utc>,
}

/// The session that the request's cookie stands for, if it is in force.
pub async fn current(app: &App, headers: &HeaderMap) -> Result<Option<Session>, Failure> {
    let Some(value) = cookie(headers) else {
        return Ok(None);
    };
    let mut db = app.db.acquire().await?;
    Ok(store::sessions::by_cookie(&mut db, &opaque::hash(value), app.clock.now()).await?)
}

/// Ends a session with every grant that came from it; one that has ended stays as it is.
pub async fn end(app: &App, session: Uuid) -> Result<(), Failure> {
    let mut db = app.db.acquire().await?;
    let ended = store::sessions::end(&mut db, session, app.clock.now()).await?;
    drop(db);
    standing::forget(app, &ended).await;
    Ok(())
}

/// The cookie for a new session.
#[must_use]
pub fn set_cookie(value: &Opaque) -> HeaderValue {
    cookie_with(value.reveal(), LIFETIME.num_seconds())
}

/// The cookie that takes the last one away.
#[must_use]
pub fn clear_cookie() -> HeaderValue {
    cookie_with("", 0)
}

fn cookie_with(value: &str, seconds: i64) -> HeaderValue {
    let cookie =
        format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    let mut cookie = HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static(""));
    cookie.set_sensitive(true);
    cookie
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        assert_eq!(cookie(&headers), None);
        headers.append(header::COOKIE, HeaderValue::from_static("a=b"));
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("x__Host-crema-id=1; __Host-crema-id=abc; c=d"),
        );
        assert_eq!(cookie(&headers), Some("abc"));
    }

    #[test]
    fn the_cookie_stays_with_its_host() {
        let cleared = clear_cookie();
        let cleared = cleared.to_str().expect("text");
        assert_eq!(
            cleared,
            "__Host-crema-id=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"
        );
    }
}
