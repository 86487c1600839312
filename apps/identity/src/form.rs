//! What the pages' forms have in common: how they are read, why one is not looked at, and where they lead.
//!
//! Invariant: a form counts only if one of our own pages sent it, and says nothing twice.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use service::ids::NoRandomness;

use crate::error::{Failure, no_store};
use crate::pages;
use crate::params::{BadParams, Params};
use crate::paths;
use crate::return_to::{Elsewhere, ReturnTo};
use crate::same_origin::{self, CrossSite};
use crate::state::App;
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
                Ok(back) => see_other(&back.via(paths::SIGN_IN), None),
                Err(elsewhere) => Self::Elsewhere(elsewhere).into_response(),
            },
            Self::TooEarly(TooEarly { seconds }) => pages::throttled(seconds),
            Self::Failure(failure) => pages::failure(failure),
        }
    }
}

/// Reads a form that was posted.
pub fn read(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<Params, FormError> {
    same_origin::check(headers, app.issuer())?;
    let params = Params::form(headers, body)?;
    params.each_once()?;
    Ok(params)
}

/// Reads what a page's address says.
pub fn query(query: Option<&str>) -> Result<Params, FormError> {
    let params = Params::query(query.unwrap_or_default());
    params.each_once()?;
    Ok(params)
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
