//! `POST /oauth2/revoke` (RFC 7009): a client gives back a refresh token.
//!
//! Invariant: whatever is sent, the answer to an authenticated client is an empty 200; nothing is learnt from it.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use uuid::Uuid;

use crate::client::Client;
use crate::error::{OAuthError, no_store};
use crate::opaque;
use crate::params::Params;
use crate::standing;
use crate::state::App;
use crate::store;

/// The handler.
pub async fn handle(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let params = Params::form(&headers, &body)?;
    params.each_once()?;
    let client = app.clients.authenticate(&headers, &params)?;
    let token = params
        .one("token")?
        .ok_or(OAuthError::InvalidRequest("token is missing"))?;
    let ended = run(&app, client, token).await?;
    standing::forget(&app, &ended).await;
    Ok(no_store(StatusCode::OK))
}

/// Ends the grant of the token, and the session too where the client's sign-out is the person's.
async fn run(app: &App, client: &Client, token: &str) -> Result<Vec<Uuid>, OAuthError> {
    let now = app.clock.now();
    if let Ok(claims) = app.mint.read(token, now)
        && claims.client_id == client.id
        && let Some(grant) = claims.person.and_then(|person| person.grant)
    {
        // An access token can't be called back by itself; its grant can.
        let mut db = app.db.acquire().await?;
        store::grants::revoke(&mut db, grant, now).await?;
        return Ok(vec![grant]);
    }
    let mut db = app.db.begin().await?;
    let found = store::refresh_tokens::lock(&mut db, &opaque::hash(token)).await?;
    let Some(found) = found.filter(|found| found.client == client.id) else {
        return Ok(Vec::new());
    };
    store::grants::revoke(&mut db, found.grant, now).await?;
    let mut ended = vec![found.grant];
    if client.signs_out {
        ended.extend(store::sessions::end(&mut db, found.session, now).await?);
    }
    db.commit().await?;
    Ok(ended)
}
