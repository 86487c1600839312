//! `GET` and `POST /account/delete`: the end of an account.
//!
//! Invariant: everything about the person goes, and her id stays, so that what other services keep under it stays whole,
//! and the audit, which names nobody.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use secrecy::SecretString;
use service::database;

use crate::audit::{Entry, Kind};
use crate::events::{self, Change, Reason};
use crate::form::{self, FormError};
use crate::mail::{self, Notice};
use crate::origin::Origin;
use crate::pages::{self, DeletePage};
use crate::paths;
use crate::person::EmailAddress;
use crate::proof;
use crate::session::{self, Session};
use crate::state::App;
use crate::step_up;
use crate::store;

const PAGE: &str = paths::ACCOUNT_DELETE;

/// Shows the page.
pub async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, FormError> {
    let session = step_up::recently(&app, &headers, PAGE).await?;
    let page = DeletePage {
        takes_password: proof::takes_password(&app, &session, PAGE).await?,
        refused: false,
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

    let password = params.one("password")?.unwrap_or_default().to_owned();
    if delete(&app, &session, password.into(), &Origin::of(&headers)).await? {
        Ok(pages::account::deleted())
    } else {
        let page = DeletePage {
            takes_password: true,
            refused: true,
        };
        Ok(page.render(StatusCode::UNPROCESSABLE_ENTITY))
    }
}

/// Erases a person whose password this is, or who has none and has just signed in; whether it was she.
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
    let proved = proof::of(app, session, email.as_str(), password, origin, PAGE).await?;
    let Some(proof) = proved else {
        return Ok(false);
    };
    let now = app.clock.now();
    let mut db = database::begin(&app.db).await?;
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
    proof.accepted(&mut db).await?;
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
