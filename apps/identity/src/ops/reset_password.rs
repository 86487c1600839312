//! `GET` and `POST /reset-password`: where the link in a mail lets a person choose a new password.
//!
//! Invariant: a link is good for one new password, which ends every session and every other link there was. It proves
//! the address too, and no second factor: signing in still wants one.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use secrecy::SecretString;
use service::database;

use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::events::{self, Change, Reason};
use crate::form::{self, FormError};
use crate::mail::{self, Notice, Purpose};
use crate::opaque;
use crate::origin::Origin;
use crate::pages::{self, NewPasswordPage};
use crate::password_rules;
use crate::person::{EmailAddress, Invalid};
use crate::session;
use crate::state::App;
use crate::store;

const PURPOSE: Purpose = Purpose::ResetPassword;

/// Shows the page.
pub async fn show(RawQuery(query): RawQuery) -> Result<Response, FormError> {
    let params = form::query(query.as_deref())?;
    let page = NewPasswordPage {
        token: params.one("token")?.unwrap_or_default(),
        wrong: None,
    };
    Ok(page.render(StatusCode::OK))
}

/// Takes the form.
pub async fn submit(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let token = params.one("token")?.unwrap_or_default();
    let password: SecretString = params
        .one("password")?
        .unwrap_or_default()
        .to_owned()
        .into();
    match reset(&app, token, password, &Origin::of(&headers)).await? {
        Reset::Done => Ok(pages::mailed::new_password()),
        Reset::Stale => Ok(pages::mailed::stale(PURPOSE)),
        Reset::Unacceptable(wrong) => {
            let wrong = Some(wrong);
            Ok(NewPasswordPage { token, wrong }.render(StatusCode::UNPROCESSABLE_ENTITY))
        }
    }
}

enum Reset {
    Done,
    /// The link is no longer good.
    Stale,
    /// The password won't do; the link stays good.
    Unacceptable(Invalid),
}

/// Puts a new password in place of the old one and ends what the old one opened.
async fn reset(
    app: &App,
    token: &str,
    password: SecretString,
    origin: &Origin,
) -> Result<Reset, Failure> {
    let hash = opaque::hash(token);
    let now = app.clock.now();
    // Judged before it is hashed, so that no transaction waits for a hash.
    let mut db = app.db.acquire().await?;
    let Some(person) = store::links::owner(&mut db, &hash, PURPOSE, now).await? else {
        return Ok(Reset::Stale);
    };
    let Some(profile) = store::people::profile(&mut db, person).await? else {
        return Ok(Reset::Stale);
    };
    drop(db);
    let judged = password_rules::acceptable(&password, &profile.email, &profile.name);
    if let Err(wrong) = judged {
        return Ok(Reset::Unacceptable(wrong));
    }
    let Ok(email) = EmailAddress::parse(&profile.email) else {
        return Ok(Reset::Stale);
    };
    let password_hash = app
        .passwords
        .hash(password, app.ids.random::<16>()?)
        .await?;

    let mut db = database::begin(&app.db).await?;
    store::accounts::lock(&mut db, person).await?;
    let owner = store::links::owner(&mut db, &hash, PURPOSE, now).await?;
    if owner != Some(person) {
        return Ok(Reset::Stale);
    }
    store::links::delete(&mut db, person, PURPOSE).await?;
    store::people::set_password(&mut db, person, &password_hash).await?;
    store::people::confirm_address(&mut db, person, now).await?;
    store::pending_sign_ins::delete(&mut db, person).await?;
    events::changed(app, &mut db, person, Change::PasswordChanged).await?;
    let reason = Reason::PasswordChanged;
    let ended = session::end_of(app, &mut db, person, |_| true, reason).await?;
    store::mails::queue(
        &mut db,
        app.ids.next(),
        mail::Kind::Notice(Notice::PasswordChanged),
        &email,
        now,
    )
    .await?;
    session::record_end(app, &mut db, &ended, reason).await?;
    Entry::of(Kind::PasswordReset)
        .person(person)
        .origin(origin)
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    tracing::info!(user.id = %person, sessions = ended.len(), "reset her password");
    session::after_end(app, ended).await;
    Ok(Reset::Done)
}
