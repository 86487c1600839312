//! `POST /account/security/remove`: the account is no longer guarded by a second factor.
//!
//! Invariant: it takes a code of that very factor, and staff who need one can't.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use service::database;

use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::form::{self, FormError, see_other};
use crate::mail::{self, Notice};
use crate::ops::security;
use crate::origin::Origin;
use crate::paths;
use crate::person::EmailAddress;
use crate::second_factor::{self, Proof};
use crate::session::Session;
use crate::state::App;
use crate::step_up;
use crate::store;

/// The handler.
pub async fn handle(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let session = step_up::recently(&app, &headers, paths::ACCOUNT_SECURITY).await?;

    let typed = params.one("code")?.unwrap_or_default();
    match remove(&app, &session, typed, &Origin::of(&headers)).await? {
        Proof::Right => Ok(see_other(paths::ACCOUNT_SECURITY, None)),
        proof => Ok(security::page(&app, session.person, Some(proof)).await?),
    }
}

/// Removes a second factor, if the code is one of it.
async fn remove(
    app: &App,
    session: &Session,
    typed: &str,
    origin: &Origin,
) -> Result<Proof, Failure> {
    let person = session.person;
    let mut db = database::begin(&app.db).await?;
    let Some(profile) = store::people::profile(&mut db, person).await? else {
        return Ok(Proof::Wrong);
    };
    let Ok(email) = EmailAddress::parse(&profile.email) else {
        return Ok(Proof::Wrong);
    };
    if app.second_factor.demands(&profile.roles) {
        return Ok(Proof::Wrong);
    }
    let proof = second_factor::prove(app, &mut db, person, typed, origin).await?;
    if proof == Proof::Right {
        let now = app.clock.now();
        store::second_factors::delete(&mut db, person).await?;
        store::mails::queue(
            &mut db,
            app.ids.next(),
            mail::Kind::Notice(Notice::SecondFactorOff),
            &email,
            now,
        )
        .await?;
        Entry::of(Kind::SecondFactorOff)
            .person(person)
            .session(session.id)
            .origin(origin)
            .record(app, &mut db)
            .await?;
        tracing::info!(user.id = %person, "no second factor guards the account any more");
    }
    db.commit().await?;
    Ok(proof)
}
