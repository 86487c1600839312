//! `GET` and `POST /account/delete`: the end of an account.
//!
//! Invariant: everything about the person goes, and her id stays, so that what other services keep under it stays whole,
//! and the audit, which names nobody.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use secrecy::SecretString;

use crate::audit::{Entry, Kind};
use crate::events::{self, Change, Reason};
use crate::mail::{self, Notice};
use crate::ops::sign_in::FormError;
use crate::origin::Origin;
use crate::pages::{self, DeletePage};
use crate::params::Params;
use crate::password_check::{Verdict, verify};
use crate::person::EmailAddress;
use crate::routes;
use crate::same_origin;
use crate::session::{self, Session};
use crate::state::App;
use crate::step_up;
use crate::store;

/// Shows the page.
pub async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, FormError> {
    step_up::recently(&app, &headers, routes::ACCOUNT_DELETE).await?;
    Ok(DeletePage { refused: false }.render(StatusCode::OK))
}

/// Takes the form.
pub async fn submit(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    same_origin::check(&headers, app.issuer())?;
    let session = step_up::recently(&app, &headers, routes::ACCOUNT_DELETE).await?;
    let params = Params::form(&headers, &body)?;
    params.each_once()?;
    let password = params.one("password")?.unwrap_or_default().to_owned();
    if delete(&app, &session, password.into(), &Origin::of(&headers)).await? {
        Ok(pages::account::deleted())
    } else {
        Ok(DeletePage { refused: true }.render(StatusCode::UNPROCESSABLE_ENTITY))
    }
}

/// Erases a person whose password this is; whether it was hers.
async fn delete(
    app: &App,
    session: &Session,
    password: SecretString,
    origin: &Origin,
) -> Result<bool, FormError> {
    let person = session.person;
    let mut db = app.db.acquire().await?;
    let profile = store::people::profile(&mut db, person).await?;
    let email = profile.and_then(|profile| EmailAddress::parse(&profile.email).ok());
    let Some(email) = email else {
        return Ok(false);
    };
    drop(db);
    let tried = match verify(app, email.as_str(), password, origin).await? {
        Verdict::Right(_, tried) => tried,
        Verdict::Wrong => return Ok(false),
        Verdict::TooEarly(too_early) => return Err(FormError::TooEarly(too_early)),
    };
    let now = app.clock.now();
    let mut db = app.db.begin().await?;
    // The account before its sessions, as ever.
    let account = events::changed(app, &mut db, person, Change::Deleted).await?;
    if account.is_none() {
        return Ok(false);
    }
    let reason = Reason::AccountDeleted;
    let ended = session::end_of(app, &mut db, person, |_| true, reason).await?;
    store::mails::delete_to(&mut db, &email).await?;
    store::mails::queue(
        &mut db,
        app.ids.next(),
        mail::Kind::Notice(Notice::AccountDeleted),
        &email,
        now,
    )
    .await?;
    store::people::erase(&mut db, person, now).await?;
    tried.succeeded(&mut db).await?;
    session::record_end(app, &mut db, &ended, reason).await?;
    Entry::of(Kind::AccountDeleted)
        .person(person)
        .session(session.id)
        .origin(origin)
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    session::after_end(app, ended).await;
    tracing::info!(user.id = %person, "deleted her account");
    Ok(true)
}
