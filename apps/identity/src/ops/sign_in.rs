//! `GET` and `POST /sign-in`: the page, and the password that is typed there.
//!
//! Invariant: whether an account exists changes neither status nor body.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use service::ids::NoRandomness;

use crate::admission;
use crate::authorization::source_of;
use crate::error::{Failure, no_store};
use crate::origin::Origin;
use crate::pages::{self, SignInPage};
use crate::params::{BadParams, Params};
use crate::password_check::{Verdict, verify};
use crate::person::EmailAddress;
use crate::return_to::{Elsewhere, ReturnTo};
use crate::routes;
use crate::same_origin::{self, CrossSite};
use crate::second_factor::Next;
use crate::session;
use crate::state::App;
use crate::store;
use crate::throttle::TooEarly;

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
    /// Nobody is signed in who could see this page, or not recently enough.
    #[error("somebody has to sign in first")]
    SignInFirst(&'static str),
    /// It has a password that is not looked at yet.
    #[error("too many passwords were tried")]
    TooEarly(TooEarly),
    /// A failure of ours.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<NoRandomness> for FormError {
    fn from(error: NoRandomness) -> Self {
        Self::Failure(error.into())
    }
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
            Self::SignInFirst(page) => match ReturnTo::parse(page) {
                Ok(back) => see_other(&back.via(routes::SIGN_IN), None),
                Err(elsewhere) => Self::Elsewhere(elsewhere).into_response(),
            },
            Self::TooEarly(TooEarly { seconds }) => pages::throttled(seconds),
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
        email: &login_hint(return_to.as_ref()),
        source: source_of(&app, return_to.as_ref()).await?,
        registered: params.one("registered")?.is_some(),
        signed_in_as: signed_in.as_ref().map(|profile| profile.name.as_str()),
        providers: &app.federation.providers(),
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
        source: source_of(&app, return_to.as_ref()).await?,
        providers: &app.federation.providers(),
        ..SignInPage::default()
    };
    let begun = match verify(&app, email, password.into(), &origin).await? {
        Verdict::Right(person, tried) => {
            admission::begin(&app, &headers, person, tried, &origin).await?
        }
        Verdict::Wrong => None,
        Verdict::TooEarly(TooEarly { seconds }) => return Ok(page.throttled(seconds)),
    };
    let Some((next, cookie)) = begun else {
        let page = SignInPage {
            refused: true,
            ..page
        };
        return Ok(page.render(StatusCode::UNPROCESSABLE_ENTITY));
    };
    Ok(onward(next, return_to.as_ref(), cookie))
}

/// Leads somebody on who has taken the first step of her sign-in.
pub fn onward(next: Next, there: Option<&ReturnTo>, cookie: HeaderValue) -> Response {
    let location = match next {
        Next::Session => there.map_or(routes::SHOP, ReturnTo::as_str).to_owned(),
        Next::Code => via(routes::SIGN_IN_CODE, there),
        Next::SetUp => via(routes::SIGN_IN_SET_UP, there),
    };
    see_other(&location, Some(cookie))
}

/// Whom the client says that it expects (OpenID Connect Core §3.1.2.1), if that can be an address.
fn login_hint(return_to: Option<&ReturnTo>) -> String {
    let request = return_to.and_then(ReturnTo::query).map(Params::query);
    let hint = request.as_ref().and_then(|it| it.one("login_hint").ok()?);
    let fits =
        |hint: &&str| hint.len() <= EmailAddress::LONGEST && !hint.contains(char::is_control);
    hint.filter(fits).unwrap_or_default().to_owned()
}

/// The address of a page, with the way back.
#[must_use]
pub fn via(page: &str, return_to: Option<&ReturnTo>) -> String {
    return_to.map_or_else(|| page.to_owned(), |there| there.via(page))
}

/// Leads elsewhere on this site, with a new cookie if there is one.
pub fn see_other(location: &str, cookie: Option<HeaderValue>) -> Response {
    let Ok(location) = HeaderValue::try_from(location) else {
        return FormError::Elsewhere(Elsewhere).into_response();
    };
    let mut response =
        no_store((StatusCode::SEE_OTHER, [(header::LOCATION, location)])).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// The `return` parameter, if there is one.
pub fn return_to(params: &Params) -> Result<Option<ReturnTo>, FormError> {
    Ok(params.one("return")?.map(ReturnTo::parse).transpose()?)
}
