//! `GET` and `POST /sign-in`: the page, and the password that is typed there.
//!
//! Invariant: whether an account exists changes neither status nor body.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

use crate::admission;
use crate::authorization::source_of;
use crate::form::{self, FormError, return_to, see_other, via};
use crate::origin::Origin;
use crate::pages::SignInPage;
use crate::params::Params;
use crate::password_check::{Verdict, verify};
use crate::paths;
use crate::person::EmailAddress;
use crate::return_to::ReturnTo;
use crate::second_factor::Next;
use crate::session;
use crate::state::App;
use crate::store;
use crate::throttle::TooEarly;

/// Shows the page.
pub async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, FormError> {
    let params = form::query(query.as_deref())?;
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
    let params = form::read(&app, &headers, &body)?;
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
        Next::Session => there.map_or(paths::SHOP, ReturnTo::as_str).to_owned(),
        Next::Code => via(paths::SIGN_IN_CODE, there),
        Next::SetUp => via(paths::SIGN_IN_SET_UP, there),
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
