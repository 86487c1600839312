//! `GET /api/session/callback`: identity sends the browser back.
//!
//! Invariant: a session begins only when this browser's own pending sign-in, identity's name, state, code and nonce all
//! fit; its id is new, and whatever session the browser had is over.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use serde::Deserialize;
use service::extract::Query;
use uuid::Uuid;

use crate::cookies::{self, SameSite};
use crate::error::Error;
use crate::return_url::ReturnUrl;
use crate::session::{ABSOLUTE, SessionKey};
use crate::shelf::BasketId;
use crate::sign_in::{IdTokenError, OidcError, Pending};
use crate::state::App;

const CLIENT: &str = "bff";

/// What identity says (RFC 6749 §4.1.2, RFC 9207). A parameter sent twice is refused.
#[derive(Deserialize)]
pub struct Answer {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Why a sign-in led to nothing; the person sees one page for all of them.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("this browser began no sign-in, or too long ago")]
    NotPending,
    #[error("the answer is to another sign-in")]
    State,
    #[error("the answer is not identity's")]
    Issuer,
    #[error("identity said {0}")]
    Said(String),
    #[error("there is no code")]
    NoCode,
    #[error(transparent)]
    Code(OidcError),
    #[error(transparent)]
    IdToken(#[from] IdTokenError),
    #[error(transparent)]
    Other(#[from] Error),
}

/// A sign-in that went through.
struct Finished {
    /// The session's cookie.
    session: HeaderValue,
    /// Where the browser goes.
    return_to: ReturnUrl,
    /// Whether nothing is left of the basket that the browser had.
    poured: bool,
}

/// The handler.
pub async fn handle(
    State(app): State<App>,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Response {
    match finish(&app, &headers, answer).await {
        Ok(Finished {
            session,
            return_to,
            poured,
        }) => {
            let mut cookies = vec![(SET_COOKIE, session), (SET_COOKIE, cookies::clear_login())];
            if poured {
                cookies.push((SET_COOKIE, cookies::clear_basket()));
            }
            let headers = [(LOCATION, return_to.as_str()), (CACHE_CONTROL, "no-store")];
            (StatusCode::SEE_OTHER, headers, AppendHeaders(cookies)).into_response()
        }
        Err(Failure::Other(error)) => error.into_response(),
        Err(Failure::Code(OidcError::Invoke(error))) => Error::Upstream(error).into_response(),
        Err(failure) => {
            tracing::warn!(error = %failure, "a sign-in failed");
            failed()
        }
    }
}

async fn finish(app: &App, headers: &HeaderMap, answer: Answer) -> Result<Finished, Failure> {
    let now = app.clock.now();
    let pending = cookies::read(headers, cookies::LOGIN)
        .and_then(|cookie| Pending::open(&app.sealer, cookie, now))
        .ok_or(Failure::NotPending)?;
    if answer.state.as_deref() != Some(pending.state.as_str()) {
        return Err(Failure::State);
    }
    if answer.iss.as_deref() != Some(&*app.public.issuer) {
        return Err(Failure::Issuer);
    }
    if let Some(error) = answer.error {
        return Err(Failure::Said(error));
    }
    let code = answer.code.ok_or(Failure::NoCode)?;
    let redeemed = app
        .oidc
        .redeem(code, pending.verifier, now)
        .await
        .map_err(Failure::Code)?;
    let person = app
        .id_tokens
        .verify(&redeemed.id_token, CLIENT, &pending.nonce)
        .await?;
    if let Ok(before) = app.session_of(headers) {
        end_quietly(app, &before).await;
    }
    let user = person.id;
    let id = app
        .sessions
        .begin(person, redeemed.grant)
        .await
        .map_err(Error::from)?;
    tracing::info!(user.id = %user, session = id.key().as_str(), "signed in");
    let cookie = cookies::set(
        cookies::SESSION,
        id.reveal(),
        SameSite::Strict,
        ABSOLUTE.num_seconds(),
    );
    Ok(Finished {
        session: cookie.map_err(Error::from)?,
        return_to: pending.return_to,
        poured: pour(app, headers, user).await,
    })
}

/// The basket that was filled before becomes the person's. A store that is away keeps nobody from signing in: the basket
/// stays with the browser then, and is poured when the page asks for it.
async fn pour(app: &App, headers: &HeaderMap, user: Uuid) -> bool {
    let Some(brought) = BasketId::of(headers) else {
        return false;
    };
    let poured = app.shelf.pour(&brought, user).await;
    poured.unwrap_or_else(|error| {
        tracing::warn!(%error, user.id = %user, "a basket has to wait");
        false
    })
}

async fn end_quietly(app: &App, before: &SessionKey) {
    app.tokens.forget(before.as_str());
    app.hub.session_ended(before);
    if let Err(error) = app.sessions.end(before).await {
        tracing::warn!(%error, "the session before could not be removed");
    }
}

/// A page, for this is where a person ends up who took too long.
fn failed() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    let cookie = [(SET_COOKIE, cookies::clear_login())];
    (
        StatusCode::BAD_REQUEST,
        headers,
        cookie,
        include_str!("sign_in_failed.html"),
    )
        .into_response()
}
