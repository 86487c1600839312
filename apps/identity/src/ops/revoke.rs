//! `POST /oauth2/revoke` (RFC 7009): a client gives back a refresh token.
//!
//! Invariant: whatever is sent, the answer to an authenticated client is an empty 200; nothing is learnt from it.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use service::database;

use crate::audit::{Entry, Kind};
use crate::client::Client;
use crate::error::{OAuthError, no_store};
use crate::events::Reason;
use crate::opaque;
use crate::params::Params;
use crate::session;
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
    let client = &app.clients.authenticate(&app.db, &headers, &params).await?;
    let token = params
        .one("token")?
        .ok_or(OAuthError::InvalidRequest("token is missing"))?;
    run(&app, client, token).await?;
    Ok(no_store(StatusCode::OK))
}

/// Ends the grant of the token, and the session too where the client's sign-out is the person's.
async fn run(app: &App, client: &Client, token: &str) -> Result<(), OAuthError> {
    let now = app.clock.now();
    let revoked = Entry::of(Kind::Revoked).client(client.id());
    if let Ok(claims) = app.mint.read(token, now)
        && claims.client_id == client.id()
        && let Some(person) = claims.person
        && let Some(grant) = person.grant
    {
        let entry = revoked.detail("access token").session(person.sid);
        // An access token can't be called back by itself; its grant can.
        let mut db = database::begin(&app.db).await?;
        store::grants::revoke(&mut db, grant, now).await?;
        entry.record(app, &mut db).await?;
        db.commit().await?;
        standing::forget(app, &[grant]).await;
        return Ok(());
    }
    let mut db = database::begin(&app.db).await?;
    let found = store::refresh_tokens::lock(&mut db, &opaque::hash(token)).await?;
    let Some(found) = found.filter(|found| found.client == client.id()) else {
        return Ok(());
    };
    store::grants::revoke(&mut db, found.grant, now).await?;
    let ended = if client.signs_out() {
        session::end(app, &mut db, found.session, Reason::Revoked).await?
    } else {
        None
    };
    session::record_end(app, &mut db, &ended, Reason::Revoked).await?;
    let entry = revoked.session(found.session).detail("refresh token");
    entry.record(app, &mut db).await?;
    db.commit().await?;
    standing::forget(app, &[found.grant]).await;
    session::after_end(app, ended).await;
    Ok(())
}
