//! `GET /sign-in/with/{provider}/callback`: where a provider sends people back to.
//!
//! Invariant: an answer counts in the browser that asked, once. An account here is never taken over by a provider that
//! knows its address: only whoever is signed in to it links another account to it.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use service::database;
use service::extract::Path;

use crate::admission::{self, Vouched};
use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::events::{self, Change};
use crate::federation::request::{self, Tie};
use crate::federation::{Answer, FederationError, Provider, Subject};
use crate::form::{self, FormError};
use crate::ops::linked_accounts;
use crate::ops::sign_in::onward;
use crate::ops::sign_in_with::refused;
use crate::origin::Origin;
use crate::pages;
use crate::params::Params;
use crate::paths;
use crate::person::{EmailAddress, Name, PersonId};
use crate::return_to::ReturnTo;
use crate::role::Role;
use crate::state::App;
use crate::store::{self, federation::Request, people::NewPerson};
use crate::throttle;

/// The handler.
pub async fn handle(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, FormError> {
    let params = form::query(query.as_deref())?;
    let origin = Origin::of(&headers);
    let state = params.one("state")?.unwrap_or_default();
    let Some(tie) = Tie::of(&headers).filter(|tie| tie.has_state(state)) else {
        return stale(&app, &origin).await;
    };
    let mut db = app.db.acquire().await?;
    let now = app.clock.now();
    if let Err(too_early) = throttle::charge(&mut db, &origin, now).await? {
        return Err(FormError::TooEarly(too_early));
    }
    let request = store::federation::take(&mut db, &tie.hash(), now).await?;
    drop(db);
    let asked = |request: &Request| {
        let provider = app.federation.find(&request.provider)?;
        (provider.name == name && provider.issuer == request.issuer).then_some(provider)
    };
    let Some((request, provider)) =
        request.and_then(|request| asked(&request).map(|provider| (request, provider)))
    else {
        return stale(&app, &origin).await;
    };
    let response = match vouched(&app, &provider, &request, &params, &tie).await? {
        Ok(subject) if request.session.is_some() => {
            linked_accounts::link(&app, &headers, &provider, &request, &subject, &origin).await
        }
        Ok(subject) => sign_in(&app, &headers, &provider, &request, subject, &origin).await,
        Err(error) => refused(&app, &provider, &error, &origin).await,
    };
    let mut response = response?;
    request::clear(response.headers_mut());
    Ok(response)
}

/// Says that nobody waits for this answer: too late, a second time, or in another browser.
async fn stale(app: &App, origin: &Origin) -> Result<Response, FormError> {
    let mut db = app.db.acquire().await?;
    Entry::of(Kind::ProviderRefused)
        .origin(origin)
        .detail("state")
        .record(app, &mut db)
        .await?;
    Ok(pages::refusal(
        StatusCode::BAD_REQUEST,
        "This sign-in was not begun in this browser, took too long, or is over already.",
    ))
}

/// Whom the provider's answer is about.
async fn vouched(
    app: &App,
    provider: &Provider,
    request: &Request,
    params: &Params,
    tie: &Tie,
) -> Result<Result<Subject, FederationError>, FormError> {
    let issuer = params.one("iss")?;
    let Some(code) = params
        .one("code")?
        .filter(|_| params.one("error") == Ok(None))
    else {
        // She changed her mind over there, or the provider did not like what we asked for.
        let mistaken = app.federation.may_come_from(provider, issuer).await;
        return Ok(Err(mistaken
            .err()
            .unwrap_or(FederationError::Refused("consent"))));
    };
    let redirect_uri = app
        .issuer()
        .at(&paths::sign_in_with_callback(&provider.name));
    let answer = Answer {
        code,
        issuer,
        redirect_uri: &redirect_uri,
        tie,
        fresh: request.fresh,
    };
    Ok(app.federation.vouched(provider, &answer).await)
}

/// Signs a person in, who may have no account yet.
async fn sign_in(
    app: &App,
    headers: &HeaderMap,
    provider: &Provider,
    request: &Request,
    subject: Subject,
    origin: &Origin,
) -> Result<Response, FormError> {
    let mut db = app.db.acquire().await?;
    let known = store::federation::owner(&mut db, &provider.issuer, &subject.id).await?;
    drop(db);
    let (id, authenticated_at) = (subject.id.clone(), subject.authenticated_at);
    let person = match known {
        Some(person) => person,
        None => match newcomer(app, provider, subject, origin).await? {
            Ok(person) => person,
            Err(page) => return Ok(page),
        },
    };
    let word = Vouched {
        provider: &provider.name,
        issuer: &provider.issuer,
        subject: &id,
        authenticated_at,
    };
    let begun = admission::vouched(app, headers, person, word, origin).await?;
    let mut db = app.db.acquire().await?;
    let Some((next, cookie)) = begun else {
        Entry::of(Kind::ProviderRefused)
            .person(person)
            .origin(origin)
            .detail(format!("{}: closed", provider.name))
            .record(app, &mut db)
            .await?;
        return Ok(pages::not_vouched(&provider.label, "account"));
    };
    throttle::welcome(&mut db, origin).await?;
    let there = request.return_to.as_deref().map(ReturnTo::parse);
    let there = there.transpose()?;
    Ok(onward(next, there.as_ref(), cookie))
}

/// Gives somebody an account whom nobody knows here, or says why not.
async fn newcomer(
    app: &App,
    provider: &Provider,
    subject: Subject,
    origin: &Origin,
) -> Result<Result<PersonId, Response>, FormError> {
    let subject = match app.federation.with_profile(provider, subject).await {
        Ok(subject) => subject,
        Err(error) => return Ok(Err(refused(app, provider, &error, origin).await?)),
    };
    let email = subject.verified_email.as_deref().map(EmailAddress::parse);
    let Some(Ok(email)) = email else {
        let error = FederationError::Refused("e-mail address");
        return Ok(Err(refused(app, provider, &error, origin).await?));
    };
    if let Some(person) = register(app, provider, &subject, &email, origin).await? {
        return Ok(Ok(person));
    }
    let mut db = app.db.acquire().await?;
    // Unless she came twice at the same moment.
    if let Some(person) = store::federation::owner(&mut db, &provider.issuer, &subject.id).await? {
        return Ok(Ok(person));
    }
    let taken = Entry::of(Kind::ProviderAddressTaken)
        .origin(origin)
        .detail(provider.name.clone());
    let owner = store::people::by_address(&mut db, &email).await?;
    let taken = owner
        .into_iter()
        .fold(taken, |entry, owner| entry.person(owner.person));
    taken.record(app, &mut db).await?;
    Ok(Err(pages::address_taken(&provider.label, &email)))
}

/// Makes an account without a password, whose address is confirmed and which the provider signs in; none, if address or
/// subject have one.
async fn register(
    app: &App,
    provider: &Provider,
    subject: &Subject,
    email: &EmailAddress,
    origin: &Origin,
) -> Result<Option<PersonId>, Failure> {
    let local_part = email.as_str().split('@').next().unwrap_or_default();
    let name = subject.name.as_deref().map(Name::parse);
    let name = match name.unwrap_or_else(|| Name::parse(local_part)) {
        Ok(name) => name,
        // Too long, or no text.
        Err(_) => Name::guest(),
    };
    let id = PersonId(app.ids.next());
    let person = NewPerson {
        id,
        email,
        name: &name,
        password_hash: None,
        role: Some(Role::Customer),
    };
    let now = app.clock.now();
    let mut db = database::begin(&app.db).await?;
    if !store::people::insert(&mut db, &person, now).await? {
        return Ok(None);
    }
    let identity = (&*provider.issuer, &*subject.id);
    if !store::federation::link(&mut db, app.ids.next(), identity, id, now).await? {
        return Ok(None);
    }
    store::people::confirm_address(&mut db, id, now).await?;
    events::changed(app, &mut db, id, Change::Registered).await?;
    Entry::of(Kind::Registered)
        .person(id)
        .origin(origin)
        .detail(provider.name.clone())
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    app.outbox.wake();
    tracing::info!(user.id = %id, provider = provider.name, "registered by another provider");
    Ok(Some(id))
}
