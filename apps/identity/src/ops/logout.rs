//! `GET` and `POST /oauth2/logout` (OpenID Connect RP-Initiated Logout): a client sends a person here to sign out.
//!
//! Invariants: a session ends unasked only when a client of ours shows an ID token of that very person, which no other site
//! has; nobody is sent to an address that is not registered for the client.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;

use crate::client::{Client, OwnClient};
use crate::form::{self, FormError};
use crate::ops::authorize::see_other;
use crate::origin::Origin;
use crate::pages::{self, SignOutPage};
use crate::params::Params;
use crate::paths;
use crate::post_logout::PostLogout;
use crate::return_to::Elsewhere;
use crate::session::{self, Session};
use crate::state::App;
use crate::store;
use crate::token::Hint;

/// The request as a form: the browser is led on to the link that says the same, because it sends its cookie there, and
/// none with a form of another site.
pub async fn by_form(headers: HeaderMap, body: Bytes) -> Result<Response, FormError> {
    let query = Params::form(&headers, &body)?.without(&[]);
    Ok(see_other(&format!("{}?{query}", paths::LOGOUT)))
}

/// The request as a link.
pub async fn by_link(
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, FormError> {
    let params = form::query(query.as_deref())?;
    let hint = params
        .one("id_token_hint")?
        .and_then(|token| app.mint.hint(token).ok());
    let to = destination(&app, &params, hint.as_ref()).await?;
    // Only clients of ours end a session unasked: for all others it is not theirs.
    let hint = hint.filter(|hint| OwnClient::find(&hint.aud).is_some());
    let current = session::current(&app, &headers).await?;
    if let Some(current) = &current
        && hint
            .as_ref()
            .is_none_or(|hint| hint.sub != current.person.0)
    {
        return ask(&app, current, to.as_ref()).await;
    }
    let origin = Origin::of(&headers);
    let client = hint.as_ref().map(|hint| hint.aud.clone());
    if let Some(hint) = hint {
        session::sign_out(&app, hint.sid, &origin, client.as_deref()).await?;
    }
    let mut answer = match to {
        Some(to) => see_other(&to.location()?),
        None => pages::signed_out(),
    };
    // A cookie that was not seen is not taken either, or any site could sign anybody out.
    if let Some(current) = current {
        session::sign_out(&app, current.id, &origin, client.as_deref()).await?;
        tracing::info!(user.id = %current.person, session.id = %current.id, "signed out by a client");
        let taken = session::clear_cookie();
        answer.headers_mut().insert(header::SET_COOKIE, taken);
    }
    Ok(answer)
}

/// Where the request wants the person to go, in the name of the client that it names or of the hint's.
pub async fn destination(
    app: &App,
    params: &Params,
    hint: Option<&Hint>,
) -> Result<Option<PostLogout>, FormError> {
    let named = params.one("client_id")?;
    if let (Some(named), Some(hint)) = (named, hint)
        && named != hint.aud
    {
        return Err(Elsewhere.into());
    }
    let client = match named.or(hint.map(|hint| &*hint.aud)) {
        Some(id) => Client::find(&app.db, id).await?,
        None => None,
    };
    Ok(PostLogout::parse(
        client,
        params.one("post_logout_redirect_uri")?,
        params.one("state")?,
        app.issuer(),
    )?)
}

async fn ask(app: &App, current: &Session, to: Option<&PostLogout>) -> Result<Response, FormError> {
    let mut db = app.db.acquire().await?;
    let profile = store::people::profile(&mut db, current.person).await?;
    let page = SignOutPage {
        signed_in_as: profile.as_ref().map_or("", |profile| &profile.name),
        to,
    };
    Ok(page.render())
}
