//! `GET /api/session/start?return=/path`: sends the browser to identity.
//!
//! Invariant: state, nonce and PKCE verifier are new for each start and known to this browser's sealed cookie alone.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use service::extract::Query;

use crate::cookies::{self, SameSite};
use crate::error::Error;
use crate::return_url::ReturnUrl;
use crate::sign_in::{LIFETIME, Pending};
use crate::state::App;

/// The query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Where to go afterwards; the front page if unsaid.
    #[serde(rename = "return")]
    return_to: Option<String>,
}

/// The handler.
pub async fn handle(State(app): State<App>, Query(start): Query<Start>) -> Result<Response, Error> {
    let return_to = match start.return_to {
        Some(text) => text.parse().map_err(|_| Error::ReturnUrl)?,
        None => ReturnUrl::home(),
    };
    let state = URL_SAFE_NO_PAD.encode(app.ids.random::<32>()?);
    let nonce = URL_SAFE_NO_PAD.encode(app.ids.random::<32>()?);
    let request = app
        .oidc
        .authorize(&state, &nonce)
        .map_err(Error::Identity)?;
    let expires_at = app.clock.now() + LIFETIME;
    let pending = Pending {
        state,
        nonce,
        verifier: request.verifier,
        return_to,
        expires_at,
    };
    let sealed = pending.seal(&app.sealer)?;
    let cookie = cookies::set(
        cookies::LOGIN,
        &sealed,
        SameSite::Lax,
        LIFETIME.num_seconds(),
    )?;
    let headers = [
        (LOCATION, String::from(request.url)),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::SEE_OTHER, headers, [(SET_COOKIE, cookie)]).into_response())
}
