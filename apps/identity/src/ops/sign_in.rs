//! `GET` and `POST /sign-in`: the page, and the password that is typed there.
//!
//! Invariant: whether an account exists changes neither status, body nor the number of hashes computed: one, or none
//! when the try comes too early.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use secrecy::SecretString;

use crate::audit::{self, Entry, Kind};
use crate::error::{Failure, no_store};
use crate::events::{self, Change, Reason};
use crate::opaque::Opaque;
use crate::origin::Origin;
use crate::pages::{self, SignInPage};
use crate::params::{BadParams, Params};
use crate::person::{EmailAddress, PersonId};
use crate::return_to::{Elsewhere, ReturnTo};
use crate::same_origin::{self, CrossSite};
use crate::session::{self, Session};
use crate::state::App;
use crate::store;
use crate::throttle::{self, TooEarly, Try};

/// Why a form of our pages is not looked at.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// It came from another site.
    #[error(transparent)]
    CrossSite(#[from] CrossSite),
    /// It is no form, or says something twice.
    #[error(transparent)]
    BadParams(#[from] BadParams),
    /// It wants to lead elsewhere.
    #[error(transparent)]
    Elsewhere(#[from] Elsewhere),
    /// A failure of ours.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<sqlx::Error> for FormError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failure(error.into())
    }
}

impl axum::response::IntoResponse for FormError {
    fn into_response(self) -> Response {
        match self {
            Self::CrossSite(_) => pages::refusal(
                StatusCode::FORBIDDEN,
                "This form was not sent from Crema's own pages.",
            ),
            Self::BadParams(_) => {
                pages::refusal(StatusCode::BAD_REQUEST, "This form can't be read.")
            }
            Self::Elsewhere(_) => pages::refusal(
                StatusCode::BAD_REQUEST,
                "The link that brought you here leads somewhere else.",
            ),
            Self::Failure(failure) => pages::failure(failure),
        }
    }
}

/// Shows the page.
pub async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, FormError> {
    let params = Params::query(query.as_deref().unwrap_or_default());
    params.each_once()?;
    let return_to = return_to(&params)?;
    let signed_in = match session::current(&app, &headers).await? {
        Some(session) => {
            let mut db = app.db.acquire().await?;
            store::people::profile(&mut db, session.person).await?
        }
        None => None,
    };
    let page = SignInPage {
        return_to: return_to.as_ref(),
        registered: params.one("registered")?.is_some(),
        signed_in_as: signed_in.as_ref().map(|profile| profile.name.as_str()),
        ..SignInPage::default()
    };
    Ok(page.render(StatusCode::OK))
}

/// Takes the form.
pub async fn submit(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    same_origin::check(&headers, app.issuer())?;
    let params = Params::form(&headers, &body)?;
    params.each_once()?;
    let return_to = return_to(&params)?;
    let email = params.one("email")?.unwrap_or_default();
    let password = params.one("password")?.unwrap_or_default().to_owned();

    let origin = Origin::of(&headers);
    let page = SignInPage {
        return_to: return_to.as_ref(),
        email,
        ..SignInPage::default()
    };
    let cookie = match verify(&app, email, password.into(), &origin).await? {
        Verdict::Right(person, tried) => start(&app, &headers, person, tried, &origin).await?,
        Verdict::Wrong => None,
        Verdict::TooEarly(TooEarly { seconds }) => return Ok(page.throttled(seconds)),
    };
    let Some(cookie) = cookie else {
        let page = SignInPage {
            refused: true,
            ..page
        };
        return Ok(page.render(StatusCode::UNPROCESSABLE_ENTITY));
    };
    let location = return_to.as_ref().map_or("/", ReturnTo::as_str);
    let location = HeaderValue::try_from(location).map_err(|_| Elsewhere)?;
    let headers = [(header::LOCATION, location), (header::SET_COOKIE, cookie)];
    Ok(no_store((StatusCode::SEE_OTHER, headers)).into_response())
}

/// The `return` parameter, if there is one.
pub fn return_to(params: &Params) -> Result<Option<ReturnTo>, FormError> {
    Ok(params.one("return")?.map(ReturnTo::parse).transpose()?)
}

/// What came of a try.
enum Verdict {
    Right(PersonId, Try),
    Wrong,
    TooEarly(TooEarly),
}

/// Whether somebody has this address and this password. One hash is computed, whatever the address; none, if the try
/// comes too early.
async fn verify(
    app: &App,
    email: &str,
    password: SecretString,
    origin: &Origin,
) -> Result<Verdict, Failure> {
    let mut db = app.db.begin().await?;
    let tried = throttle::begin(&mut db, email, origin, app.clock.now()).await?;
    let credentials = match EmailAddress::parse(email) {
        Ok(email) => store::people::credentials(&mut db, &email).await?,
        Err(_) => None,
    };
    let person = credentials.as_ref().map(|credentials| credentials.person);
    let about = |kind| {
        let entry = Entry::of(kind).origin(origin);
        match person {
            Some(person) => entry.person(person),
            None => entry.account(&audit::pseudonym(email)),
        }
    };
    let tried = match tried {
        Ok(tried) => tried,
        Err(too_early) => {
            about(Kind::SignInThrottled).record(app, &mut db).await?;
            db.commit().await?;
            return Ok(Verdict::TooEarly(too_early));
        }
    };
    db.commit().await?;

    let active = credentials.as_ref().is_some_and(|found| found.active);
    let hash = credentials.map(|credentials| credentials.password_hash);
    let right = app.passwords.verify(password, hash).await?;
    if let Some(person) = person.filter(|_| right && active) {
        return Ok(Verdict::Right(person, tried));
    }
    let mut db = app.db.acquire().await?;
    about(Kind::SignInRefused).record(app, &mut db).await?;
    Ok(Verdict::Wrong)
}

/// Starts a session in place of the one this browser had; its cookie. None, if the account was closed at this moment.
async fn start(
    app: &App,
    headers: &HeaderMap,
    person: PersonId,
    tried: Try,
    origin: &Origin,
) -> Result<Option<HeaderValue>, Failure> {
    let previous = session::current(app, headers).await?;
    let now = app.clock.now();
    let cookie = Opaque::new(&app.ids)?;
    let session = Session {
        id: app.ids.next(),
        person,
        created_at: now,
    };
    let mut db = app.db.begin().await?;
    // The account before its sessions: whoever closes it locks in this order too.
    let account = events::changed(app, &mut db, person, Change::LoggedIn).await?;
    if !account.is_some_and(|account| account.active) {
        return Ok(None);
    }
    let ended = match previous {
        Some(previous) => session::end(app, &mut db, previous.id, Reason::Replaced).await?,
        None => None,
    };
    let expires_at = now + session::LIFETIME;
    store::sessions::insert(&mut db, &session, &cookie.hash(), expires_at).await?;
    tried.succeeded(&mut db).await?;
    if let Some(ended) = &ended {
        session::record_end(app, &mut db, ended, Reason::Replaced).await?;
    }
    Entry::of(Kind::SignedIn)
        .person(person)
        .session(session.id)
        .origin(origin)
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    session::after_end(app, ended).await;
    tracing::info!(user.id = %person, session.id = %session.id, "signed in");
    Ok(Some(session::set_cookie(&cookie)))
}
