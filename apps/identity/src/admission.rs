//! What follows a right password, or the word of another provider: a session, or the wait for a second factor; and what follows that factor.
//!
//! Invariant: there is a session only when the sign-in is complete, and only then it is told of and recorded as one. What
//! it takes is judged with the account locked, so that nobody who is closed out, becomes staff or gets another password
//! at that moment slips through.

use axum::http::{HeaderMap, HeaderValue};
use chrono::{DateTime, Utc};
use service::database;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::events::{self, Change, Reason};
use crate::opaque::Opaque;
use crate::origin::Origin;
use crate::person::PersonId;
use crate::second_factor::{self, Next};
use crate::session::{self, Session};
use crate::state::App;
use crate::store;
use crate::throttle::Try;
use crate::totp::Secret;

/// Another provider's word for a person.
#[derive(Debug, Clone, Copy)]
pub struct Vouched<'a> {
    /// Its name here.
    pub provider: &'a str,
    /// Its issuer.
    pub issuer: &'a str,
    /// Whom it vouches for.
    pub subject: &'a str,
    /// When she signed in over there, if it says so.
    pub authenticated_at: Option<DateTime<Utc>>,
}

/// The first step of a sign-in.
enum First<'a> {
    /// A right password.
    Password(Try),
    /// Another provider's word.
    Provider(Vouched<'a>),
}

/// Takes a person in whose password was right, in place of the session this browser had: what comes next, and the cookie
/// for it. None, if the account was closed at this moment. Who has to set up a second factor begins with a secret.
pub async fn begin(
    app: &App,
    headers: &HeaderMap,
    person: PersonId,
    tried: Try,
    origin: &Origin,
) -> Result<Option<(Next, HeaderValue)>, Failure> {
    admit(app, headers, person, First::Password(tried), origin).await
}

/// The same for whom another provider vouches for. None, if the account is closed, or is hers over there no more.
pub async fn vouched(
    app: &App,
    headers: &HeaderMap,
    person: PersonId,
    word: Vouched<'_>,
    origin: &Origin,
) -> Result<Option<(Next, HeaderValue)>, Failure> {
    admit(app, headers, person, First::Provider(word), origin).await
}

async fn admit(
    app: &App,
    headers: &HeaderMap,
    person: PersonId,
    first: First<'_>,
    origin: &Origin,
) -> Result<Option<(Next, HeaderValue)>, Failure> {
    let previous = session::current(app, headers).await?;
    let cookie = Opaque::new(&app.ids)?;
    let mut db = database::begin(&app.db).await?;
    // The account before its sessions: whoever closes it locks in this order too.
    store::accounts::lock(&mut db, person).await?;
    let account = store::accounts::get(&mut db, person).await?;
    let Some(account) = account.filter(|account| account.active) else {
        return Ok(None);
    };
    if let First::Provider(word) = &first {
        let owner = store::federation::owner(&mut db, word.issuer, word.subject).await?;
        if owner != Some(person) {
            return Ok(None);
        }
    }
    let guarded = store::second_factors::guards(&mut db, person).await?;
    let next = app.second_factor.next(guarded, &account.all_roles());
    let entry = if next == Next::Session {
        start(app, &mut db, person, &cookie).await?
    } else {
        if next == Next::SetUp {
            let secret = Secret::new(&app.ids)?.to_bytes();
            let sealed = app.sealer.seal(person, secret)?;
            store::second_factors::begin(&mut db, person, &sealed).await?;
        }
        let until = second_factor::waits_until(app.clock.now());
        store::pending_sign_ins::insert(&mut db, person, &cookie.hash(), until).await?;
        let accepted = match first {
            First::Password(_) => Kind::PasswordAccepted,
            First::Provider(_) => Kind::ProviderAccepted,
        };
        Entry::of(accepted).person(person)
    };
    let entry = match (&first, entry.session) {
        (First::Password(_), _) => entry,
        (First::Provider(word), None) => entry.detail(word.provider),
        (First::Provider(word), Some(session)) => {
            store::federation::mark_session(&mut db, session, word.authenticated_at).await?;
            entry.detail(word.provider)
        }
    };
    let ended = match previous {
        Some(previous) => session::end(app, &mut db, previous.id, Reason::Replaced).await?,
        None => None,
    };
    let session = entry.session;
    // Also when a second factor is still to come: the brakes are on guessing passwords, and who got here need not guess
    // this one any more. Codes have brakes of their own.
    if let First::Password(tried) = first {
        tried.succeeded(&mut db).await?;
    }
    session::record_end(app, &mut db, &ended, Reason::Replaced).await?;
    entry.origin(origin).record(app, &mut db).await?;
    db.commit().await?;
    session::after_end(app, ended).await;
    log(person, session);
    Ok(Some((next, session::set_cookie(&cookie))))
}

/// Takes a person in whose second factor was right too: her cookie. None, if her sign-in waits no longer: it took too
/// long, her account was closed, or her password is another one by now.
pub async fn complete(
    app: &App,
    headers: &HeaderMap,
    person: PersonId,
    origin: &Origin,
) -> Result<Option<HeaderValue>, Failure> {
    let cookie = Opaque::new(&app.ids)?;
    let mut db = database::begin(&app.db).await?;
    store::accounts::lock(&mut db, person).await?;
    if session::half_way(app, &mut db, headers).await? != Some(person) {
        return Ok(None);
    }
    let entry = start(app, &mut db, person, &cookie).await?;
    let session = entry.session;
    entry.origin(origin).record(app, &mut db).await?;
    db.commit().await?;
    app.outbox.wake();
    log(person, session);
    Ok(Some(session::set_cookie(&cookie)))
}

/// Starts a session, which ends every wait for one; what to record of it.
async fn start(
    app: &App,
    db: &mut PgConnection,
    person: PersonId,
    cookie: &Opaque,
) -> Result<Entry, Failure> {
    let now = app.clock.now();
    let session = Session {
        id: app.ids.next(),
        person,
        created_at: now,
    };
    events::changed(app, db, person, Change::LoggedIn).await?;
    let expires_at = now + session::LIFETIME;
    store::sessions::insert(db, &session, &cookie.hash(), expires_at).await?;
    store::pending_sign_ins::delete(db, person).await?;
    Ok(Entry::of(Kind::SignedIn).person(person).session(session.id))
}

fn log(person: PersonId, session: Option<Uuid>) {
    if let Some(session) = session {
        tracing::info!(user.id = %person, session.id = %session, "signed in");
    } else {
        tracing::info!(user.id = %person, "a sign-in waits for its second factor");
    }
}
