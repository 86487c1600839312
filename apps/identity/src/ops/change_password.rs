//! `GET` and `POST /account/password`: a new password for somebody who knows the old one, or who has none and has just
//! signed in by another provider.
//!
//! Invariant: it ends every session but the one it was changed in, and every link for a new password.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use secrecy::SecretString;
use service::database;

use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::events::{self, Change, Reason};
use crate::form::{self, FormError, see_other};
use crate::mail::{self, Notice, Purpose};
use crate::origin::Origin;
use crate::pages::{ChangePasswordPage, WrongPassword};
use crate::password_rules;
use crate::paths;
use crate::person::EmailAddress;
use crate::proof;
use crate::session::{self, Session};
use crate::state::App;
use crate::step_up;
use crate::store;

const PAGE: &str = paths::ACCOUNT_PASSWORD;

/// Shows the page.
pub async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, FormError> {
    let session = step_up::recently(&app, &headers, PAGE).await?;
    let page = ChangePasswordPage {
        first: !proof::takes_password(&app, &session, PAGE).await?,
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
    let session = step_up::recently(&app, &headers, PAGE).await?;
    let first = !proof::takes_password(&app, &session, PAGE).await?;

    let field = |name| {
        let value = params.one(name).map(Option::unwrap_or_default);
        value.map(|text| SecretString::from(text.to_owned()))
    };
    let (old, new) = (field("old_password")?, field("password")?);
    match change(&app, &session, old, new, &Origin::of(&headers)).await? {
        Ok(()) => Ok(see_other(paths::ACCOUNT, None)),
        Err(wrong) => {
            let wrong = Some(wrong);
            Ok(ChangePasswordPage { first, wrong }.render(StatusCode::UNPROCESSABLE_ENTITY))
        }
    }
}

/// Puts a new password in place of the old one and ends what else the old one opened.
async fn change(
    app: &App,
    session: &Session,
    old: SecretString,
    new: SecretString,
    origin: &Origin,
) -> Result<Result<(), WrongPassword>, FormError> {
    let person = session.person;
    let mut db = app.db.acquire().await?;
    let profile = store::people::profile(&mut db, person).await?;
    let email = profile
        .as_ref()
        .and_then(|profile| EmailAddress::parse(&profile.email).ok());
    let (Some(profile), Some(email)) = (profile, email) else {
        return Ok(Err(WrongPassword::Old));
    };
    drop(db);
    let Some(proof) = proof::of(app, session, email.as_str(), old, origin, PAGE).await? else {
        return Ok(Err(WrongPassword::Old));
    };
    if let Err(wrong) = password_rules::acceptable(&new, &profile.email, &profile.name) {
        proof.accepted(&mut *app.db.acquire().await?).await?;
        return Ok(Err(WrongPassword::New(wrong)));
    }
    let salt = app.ids.random::<16>()?;
    let hashed = app.passwords.hash(new, salt).await;
    let password_hash = hashed.map_err(Failure::from)?;

    let now = app.clock.now();
    let mut db = database::begin(&app.db).await?;
    // The account before its sessions, as ever.
    let account = events::changed(app, &mut db, person, Change::PasswordChanged).await?;
    if account.is_none() {
        return Ok(Err(WrongPassword::Old));
    }
    store::people::set_password(&mut db, person, &password_hash).await?;
    store::links::delete(&mut db, person, Purpose::ResetPassword).await?;
    store::pending_sign_ins::delete(&mut db, person).await?;
    let (reason, others) = (Reason::PasswordChanged, |id| id != session.id);
    let ended = session::end_of(app, &mut db, person, others, reason).await?;
    store::mails::queue(
        &mut db,
        app.ids.next(),
        mail::Kind::Notice(Notice::PasswordChanged),
        &email,
        now,
    )
    .await?;
    proof.accepted(&mut db).await?;
    session::record_end(app, &mut db, &ended, reason).await?;
    Entry::of(Kind::PasswordChanged)
        .person(person)
        .session(session.id)
        .origin(origin)
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    tracing::info!(user.id = %person, sessions = ended.len(), "changed her password");
    session::after_end(app, ended).await;
    Ok(Ok(()))
}
