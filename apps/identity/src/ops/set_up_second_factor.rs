//! Setting up a second factor: at `/account/security/set-up` by one's own wish, and at `/sign-in/second-factor` before a
//! sign-in of staff is over.
//!
//! Invariant: a secret guards nothing before a code proves that the app has it, and is never shown again afterwards.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use service::database;
use uuid::Uuid;

use crate::admission;
use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::form::{self, FormError, return_to, see_other, via};
use crate::mail::{self, Notice};
use crate::origin::Origin;
use crate::pages::{RecoveryCodesPage, SetUpPage};
use crate::paths;
use crate::person::{EmailAddress, PersonId};
use crate::return_to::ReturnTo;
use crate::same_origin;
use crate::second_factor::{self, Proof};
use crate::session;
use crate::state::App;
use crate::step_up;
use crate::store;
use crate::totp::Secret;

/// `POST /account/security/begin`: draws a secret.
pub async fn begin(State(app): State<App>, headers: HeaderMap) -> Result<Response, FormError> {
    same_origin::check(&headers, app.issuer())?;
    let session = step_up::recently(&app, &headers, paths::ACCOUNT_SECURITY).await?;
    let secret = Secret::new(&app.ids)?.to_bytes();
    let sealed = app
        .sealer
        .seal(session.person, secret)
        .map_err(Failure::from)?;
    let mut db = app.db.acquire().await?;
    store::second_factors::begin(&mut db, session.person, &sealed).await?;
    Ok(see_other(paths::ACCOUNT_SET_UP, None))
}

/// Shows the secret of somebody who is signed in.
pub async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, FormError> {
    let session = step_up::recently(&app, &headers, paths::ACCOUNT_SECURITY).await?;
    let page = page(&app, session.person, paths::ACCOUNT_SET_UP, None, None).await?;
    Ok(page.unwrap_or_else(|| see_other(paths::ACCOUNT_SECURITY, None)))
}

/// Shows the secret of somebody who is about to sign in.
pub async fn show_at_sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, FormError> {
    let params = form::query(query.as_deref())?;
    let return_to = return_to(&params)?;
    let there = return_to.as_ref();
    let Some(person) = waiting(&app, &headers).await? else {
        return Ok(see_other(&via(paths::SIGN_IN, there), None));
    };
    let page = page(&app, person, paths::SIGN_IN_SET_UP, there, None).await?;
    Ok(page.unwrap_or_else(|| see_other(&via(paths::SIGN_IN_CODE, there), None)))
}

/// Takes the first code of somebody who is signed in.
pub async fn submit(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let session = step_up::recently(&app, &headers, paths::ACCOUNT_SECURITY).await?;

    let typed = params.one("code")?.unwrap_or_default();
    let origin = Origin::of(&headers);
    match set_up(&app, session.person, Some(session.id), typed, &origin).await? {
        SetUp::Done(codes) => Ok(RecoveryCodesPage {
            codes: &codes,
            onward: paths::ACCOUNT_SECURITY,
        }
        .render(None)),
        SetUp::Refused(proof) => {
            let action = paths::ACCOUNT_SET_UP;
            let page = page(&app, session.person, action, None, Some(proof)).await?;
            Ok(page.unwrap_or_else(|| see_other(paths::ACCOUNT_SECURITY, None)))
        }
        SetUp::NotBegun => Ok(see_other(paths::ACCOUNT_SECURITY, None)),
    }
}

/// Takes the first code of somebody who is about to sign in, and signs her in.
pub async fn submit_at_sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let return_to = return_to(&params)?;
    let there = return_to.as_ref();
    let typed = params.one("code")?.unwrap_or_default();
    let Some(person) = waiting(&app, &headers).await? else {
        return Ok(see_other(&via(paths::SIGN_IN, there), None));
    };
    let origin = Origin::of(&headers);
    match set_up(&app, person, None, typed, &origin).await? {
        SetUp::Done(codes) => {
            let cookie = admission::complete(&app, &headers, person, &origin).await?;
            let page = RecoveryCodesPage {
                codes: &codes,
                onward: there.map_or(paths::SHOP, ReturnTo::as_str),
            };
            Ok(page.render(cookie))
        }
        SetUp::Refused(proof) => {
            let page = page(&app, person, paths::SIGN_IN_SET_UP, there, Some(proof)).await?;
            Ok(page.unwrap_or_else(|| see_other(&via(paths::SIGN_IN_CODE, there), None)))
        }
        SetUp::NotBegun => Ok(see_other(&via(paths::SIGN_IN_CODE, there), None)),
    }
}

/// Whose sign-in waits in this browser.
async fn waiting(app: &App, headers: &HeaderMap) -> Result<Option<PersonId>, Failure> {
    let mut db = app.db.acquire().await?;
    session::half_way(app, &mut db, headers).await
}

/// What came of a first code.
enum SetUp {
    /// It guards the account; these are the recovery codes.
    Done(Vec<String>),
    /// The code was not the right one.
    Refused(Proof),
    /// There is nothing to set up, or it is done already.
    NotBegun,
}

/// Lets a second factor guard an account, if the code proves that the app has its secret.
async fn set_up(
    app: &App,
    person: PersonId,
    session: Option<Uuid>,
    typed: &str,
    origin: &Origin,
) -> Result<SetUp, Failure> {
    let now = app.clock.now();
    let mut db = database::begin(&app.db).await?;
    let factor = store::second_factors::lock(&mut db, person).await?;
    if factor.is_none_or(|factor| factor.confirmed_at.is_some()) {
        return Ok(SetUp::NotBegun);
    }
    let proof = second_factor::prove(app, &mut db, person, typed, origin).await?;
    if proof != Proof::Right {
        db.commit().await?;
        return Ok(SetUp::Refused(proof));
    }
    let Some(email) = address(&mut db, person).await? else {
        return Ok(SetUp::NotBegun);
    };
    let (codes, hashes) = second_factor::recovery_codes(&app.ids)?;
    store::second_factors::confirm(&mut db, person, now).await?;
    store::second_factors::set_recovery_codes(&mut db, person, &hashes).await?;
    store::mails::queue(
        &mut db,
        app.ids.next(),
        mail::Kind::Notice(Notice::SecondFactorOn),
        &email,
        now,
    )
    .await?;
    let on = Entry::of(Kind::SecondFactorOn)
        .person(person)
        .origin(origin);
    let on = session.into_iter().fold(on, Entry::session);
    on.record(app, &mut db).await?;
    db.commit().await?;
    tracing::info!(user.id = %person, "a second factor guards the account");
    Ok(SetUp::Done(codes))
}

/// The page with the secret; `None` if there is none to show.
async fn page(
    app: &App,
    person: PersonId,
    action: &str,
    return_to: Option<&ReturnTo>,
    proof: Option<Proof>,
) -> Result<Option<Response>, Failure> {
    let mut db = database::begin(&app.db).await?;
    let factor = store::second_factors::lock(&mut db, person).await?;
    let Some(factor) = factor.filter(|factor| factor.confirmed_at.is_none()) else {
        return Ok(None);
    };
    let Some(email) = address(&mut db, person).await? else {
        return Ok(None);
    };
    db.commit().await?;
    let secret = Secret::from_bytes(app.sealer.open(person, &factor.secret)?);
    let page = SetUpPage {
        action,
        return_to,
        secret: &secret.to_text(),
        uri: &secret.to_uri(&email),
        proof,
    };
    Ok(Some(page.render()))
}

async fn address(
    db: &mut sqlx::PgConnection,
    person: PersonId,
) -> Result<Option<EmailAddress>, Failure> {
    let profile = store::people::profile(db, person).await?;
    Ok(profile.and_then(|profile| EmailAddress::parse(&profile.email).ok()))
}
