//! A person's sign-in in one browser: the cookie `__Host-crema-id` and what it stands for.
//!
//! Invariant: the cookie is opaque and new at every sign-in; it ends after [`LIFETIME`] whatever happens.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, Duration, Utc};
use service::database;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::events::{self, Reason};
use crate::opaque::{self, Opaque};
use crate::origin::Origin;
use crate::person::PersonId;
use crate::standing;
use crate::state::App;
use crate::store::{self, sessions::Ended};

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
    let Some(value) = cookie(headers, COOKIE) else {
        return Ok(None);
    };
    let mut db = app.db.acquire().await?;
    Ok(store::sessions::by_cookie(&mut db, &opaque::hash(value), app.clock.now()).await?)
}

/// Ends a session and appends the event that tells of it; nothing, if it has ended already.
///
/// The caller [records](record_end) it behind its other writes, and after the commit forgets its grants and wakes the
/// relay ([`after_end`]).
pub async fn end(
    app: &App,
    db: &mut PgConnection,
    id: Uuid,
    reason: Reason,
) -> Result<Option<Ended>, Failure> {
    let ended = store::sessions::end(db, id, app.clock.now()).await?;
    if let Some(ended) = &ended {
        events::session_revoked(app, db, ended, reason).await?;
    }
    Ok(ended)
}

/// Ends those sessions of a person that are picked, as [`end`] does.
///
/// Lock her account first: whoever ends several sessions does, so that no two wait for each other.
pub async fn end_of(
    app: &App,
    db: &mut PgConnection,
    person: PersonId,
    picked: impl Fn(Uuid) -> bool,
    reason: Reason,
) -> Result<Vec<Ended>, Failure> {
    let mut ended = Vec::new();
    for session in store::sessions::of_person(db, person, app.clock.now()).await? {
        if picked(session.id) {
            ended.extend(end(app, db, session.id, reason).await?);
        }
    }
    Ok(ended)
}

/// Records that sessions ended.
pub async fn record_end(
    app: &App,
    db: &mut PgConnection,
    ended: impl IntoIterator<Item = &Ended>,
    reason: Reason,
) -> Result<(), Failure> {
    for ended in ended {
        let entry = Entry::of(Kind::SessionEnded)
            .person(ended.person)
            .session(ended.id)
            .detail(reason.as_str());
        entry.record(app, db).await?;
    }
    Ok(())
}

/// What follows the commit of sessions' ends.
pub async fn after_end(app: &App, ended: impl IntoIterator<Item = Ended>) {
    app.outbox.wake();
    let grants: Vec<_> = ended.into_iter().flat_map(|ended| ended.grants).collect();
    standing::forget(app, &grants).await;
}

/// Ends a session because its person signed out, here or at a client's request; one that has ended stays as it is.
pub async fn sign_out(
    app: &App,
    id: Uuid,
    origin: &Origin,
    client: Option<&str>,
) -> Result<(), Failure> {
    let mut db = database::begin(&app.db).await?;
    let ended = end(app, &mut db, id, Reason::SignedOut).await?;
    record_end(app, &mut db, &ended, Reason::SignedOut).await?;
    if let Some(ended) = &ended {
        let entry = Entry::of(Kind::SignedOut)
            .person(ended.person)
            .session(ended.id)
            .origin(origin);
        let entry = client.into_iter().fold(entry, Entry::client);
        entry.record(app, &mut db).await?;
    }
    db.commit().await?;
    after_end(app, ended).await;
    Ok(())
}

/// Whose sign-in waits for a second factor in this browser; nobody's, once her account is closed.
pub async fn half_way(
    app: &App,
    db: &mut PgConnection,
    headers: &HeaderMap,
) -> Result<Option<PersonId>, Failure> {
    let Some(value) = cookie(headers, COOKIE) else {
        return Ok(None);
    };
    let (hash, now) = (opaque::hash(value), app.clock.now());
    Ok(store::pending_sign_ins::by_cookie(db, &hash, now).await?)
}

/// The cookie for a new session.
#[must_use]
pub fn set_cookie(value: &Opaque) -> HeaderValue {
    cookie_with(COOKIE, value.reveal(), LIFETIME.num_seconds())
}

/// The cookie that takes the last one away.
#[must_use]
pub fn clear_cookie() -> HeaderValue {
    cookie_with(COOKIE, "", 0)
}

/// A cookie of identity's, which stays with this host and out of scripts; a value of our own making needs no escaping.
#[must_use]
pub fn cookie_with(name: &str, value: &str, seconds: i64) -> HeaderValue {
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    let mut cookie = HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static(""));
    cookie.set_sensitive(true);
    cookie
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        assert_eq!(cookie(&headers, COOKIE), None);
        headers.append(header::COOKIE, HeaderValue::from_static("a=b"));
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("x__Host-crema-id=1; __Host-crema-id=abc; c=d"),
        );
        assert_eq!(cookie(&headers, COOKIE), Some("abc"));
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
