//! `/account/links`: a person's accounts at other providers that sign her in here.
//!
//! Invariant: one is linked and removed by whoever has just proved that she is the person of this account, and the last
//! way to sign in is never removed. None is linked before the account's address is confirmed: otherwise somebody could
//! make an account for another's address, link to it, and wait for her to take it over with a new password.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use service::database;
use uuid::Uuid;

use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::events::Reason;
use crate::federation::{Provider, Subject};
use crate::form::{self, FormError, see_other};
use crate::mail::{self, Notice};
use crate::ops::sign_in_with;
use crate::origin::Origin;
use crate::pages::{self, LinkedAccountsPage};
use crate::paths;
use crate::person::{EmailAddress, PersonId};
use crate::session::{self, Session};
use crate::state::App;
use crate::step_up;
use crate::store::{self, federation::Request};
use crate::throttle;

const PAGE: &str = paths::ACCOUNT_LINKS;

/// Shows the page.
pub async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, FormError> {
    let session = step_up::recently(&app, &headers, PAGE).await?;
    Ok(page(&app, session.person, false, StatusCode::OK).await?)
}

/// Takes the button that links one: off to the provider.
pub async fn begin(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let session = step_up::recently(&app, &headers, PAGE).await?;

    let provider = params.one("provider")?.unwrap_or_default();
    let mut db = app.db.acquire().await?;
    let profile = store::people::profile(&mut db, session.person).await?;
    drop(db);
    if !profile.is_some_and(|profile| profile.email_verified) {
        return Ok(pages::confirm_first());
    }
    let origin = Origin::of(&headers);
    sign_in_with::send(&app, provider, None, Some(session.id), &origin).await
}

/// Takes the button that removes one.
pub async fn remove(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let session = step_up::recently(&app, &headers, PAGE).await?;

    // What is no id is nobody's.
    let id = params.one("account")?.map(Uuid::try_parse);
    if let Some(Ok(id)) = id
        && !unlink(&app, &session, id, &Origin::of(&headers)).await?
    {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(page(&app, session.person, true, status).await?);
    }
    Ok(see_other(PAGE, None))
}

async fn page(
    app: &App,
    person: PersonId,
    last: bool,
    status: StatusCode,
) -> Result<Response, Failure> {
    let mut db = app.db.acquire().await?;
    let profile = store::people::profile(&mut db, person).await?;
    let page = LinkedAccountsPage {
        providers: &app.federation.providers(),
        linked: &store::federation::of_person(&mut db, person).await?,
        zone: profile.and_then(|profile| profile.zone),
        has_password: store::people::has_password(&mut db, person).await?,
        last,
    };
    Ok(page.render(status))
}

/// Links an account at a provider to the account whose session asked for it.
pub async fn link(
    app: &App,
    headers: &HeaderMap,
    provider: &Provider,
    request: &Request,
    subject: &Subject,
    origin: &Origin,
) -> Result<Response, FormError> {
    let session = session::current(app, headers).await?;
    let session = session.filter(|session| Some(session.id) == request.session);
    let session = session.ok_or(FormError::SignInFirst(PAGE))?;
    let (person, now) = (session.person, app.clock.now());
    let mut db = database::begin(&app.db).await?;
    store::accounts::lock(&mut db, person).await?;
    let account = store::accounts::get(&mut db, person).await?;
    let account = account.filter(|account| account.active);
    let account = account.ok_or(FormError::SignInFirst(PAGE))?;
    if !account.email_verified {
        return Ok(pages::confirm_first());
    }
    let identity = (&*provider.issuer, &*subject.id);
    let entry = if store::federation::link(&mut db, app.ids.next(), identity, person, now).await? {
        tell(app, &mut db, &account.email, Notice::ProviderLinked).await?;
        Entry::of(Kind::ProviderLinked).detail(provider.name.clone())
    } else {
        let owner = store::federation::owner(&mut db, identity.0, identity.1).await?;
        if owner == Some(person) {
            return Ok(see_other(PAGE, None));
        }
        Entry::of(Kind::ProviderRefused).detail(format!("{}: another's", provider.name))
    };
    let linked = entry.kind == Kind::ProviderLinked;
    throttle::welcome(&mut db, origin).await?;
    entry
        .person(person)
        .session(session.id)
        .origin(origin)
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    if !linked {
        return Ok(pages::refusal(
            StatusCode::CONFLICT,
            "That account signs somebody else in here already.",
        ));
    }
    tracing::info!(user.id = %person, provider = provider.name, "linked an account elsewhere");
    Ok(see_other(PAGE, None))
}

/// Removes one, and ends what it may have opened; `false`, if nothing else would sign her in.
async fn unlink(
    app: &App,
    session: &Session,
    id: Uuid,
    origin: &Origin,
) -> Result<bool, FormError> {
    let person = session.person;
    let mut db = database::begin(&app.db).await?;
    let found = store::accounts::lock(&mut db, person).await?;
    let account = store::accounts::get(&mut db, person).await?;
    let (Some(_), Some(account)) = (found, account) else {
        return Ok(true);
    };
    let linked = store::federation::of_person(&mut db, person).await?;
    let Some(removed) = linked.iter().find(|linked| linked.id == id) else {
        return Ok(true);
    };
    let providers = app.federation.providers();
    let named = |issuer: &str| providers.iter().find(|provider| provider.issuer == issuer);
    let another = linked
        .iter()
        .any(|other| other.id != id && named(&other.issuer).is_some());
    if !another && !store::people::has_password(&mut db, person).await? {
        return Ok(false);
    }
    store::federation::unlink(&mut db, person, id).await?;
    store::pending_sign_ins::delete(&mut db, person).await?;
    let (reason, others) = (Reason::SignedOutElsewhere, |other| other != session.id);
    let ended = session::end_of(app, &mut db, person, others, reason).await?;
    tell(app, &mut db, &account.email, Notice::ProviderUnlinked).await?;
    session::record_end(app, &mut db, &ended, reason).await?;
    let provider = named(&removed.issuer).map_or("unknown", |provider| &provider.name);
    Entry::of(Kind::ProviderUnlinked)
        .person(person)
        .session(session.id)
        .origin(origin)
        .detail(provider)
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    session::after_end(app, ended).await;
    tracing::info!(user.id = %person, provider, "removed an account elsewhere");
    Ok(true)
}

async fn tell(
    app: &App,
    db: &mut sqlx::PgConnection,
    email: &str,
    notice: Notice,
) -> Result<(), Failure> {
    if let Ok(email) = EmailAddress::parse(email) {
        let kind = mail::Kind::Notice(notice);
        store::mails::queue(db, app.ids.next(), kind, &email, app.clock.now()).await?;
    }
    Ok(())
}
