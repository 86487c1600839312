//! `POST /oauth2/introspect` (RFC 7662): whether a token is good at this moment, and what it says.
//!
//! Invariants: only the client that a token was issued to, or that it is for, learns anything of it; whatever is not
//! good for the asker is `{"active":false}` and no more. The answer is PostgreSQL's, never the cache's, and asking
//! counts as no use of the token.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::client::Client;
use crate::error::{OAuthError, no_store};
use crate::opaque;
use crate::params::Params;
use crate::state::App;
use crate::store;
use crate::token::AccessClaims;

/// What is told of a good token (RFC 7662 §2.2).
#[derive(Serialize)]
#[serde(untagged)]
enum Told {
    Access {
        token_type: &'static str,
        #[serde(flatten)]
        claims: AccessClaims,
    },
    /// It has no type of RFC 6749 §5.1, for it opens nothing by itself.
    Refresh {
        iss: String,
        sub: Uuid,
        client_id: String,
        scope: String,
        iat: i64,
        exp: i64,
        sid: Uuid,
    },
}

#[derive(Serialize)]
struct Active {
    active: bool,
    #[serde(flatten)]
    told: Told,
}

/// The handler.
pub async fn handle(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let params = Params::form(&headers, &body)?;
    params.each_once()?;
    let client = &app.clients.authenticate(&app.db, &headers, &params).await?;
    if client.is_public() {
        return Err(OAuthError::InvalidClient);
    }
    let token = params
        .one("token")?
        .ok_or(OAuthError::InvalidRequest("token is missing"))?;
    Ok(no_store(match look_up(&app, client, token).await? {
        Some(told) => Json(json!(Active { active: true, told })),
        None => Json(json!({ "active": false })),
    }))
}

/// What this client may know of the token, if it is good. The hint of its type is not needed: no text is both.
async fn look_up(app: &App, client: &Client, token: &str) -> Result<Option<Told>, OAuthError> {
    let now = app.clock.now();
    let mut db = app.db.acquire().await?;
    match app.mint.verify(token, now) {
        Ok(claims) => Ok(access(&mut db, client, claims, now).await?),
        Err(_) => Ok(refresh(app, &mut db, client, token, now).await?),
    }
}

async fn access(
    db: &mut PgConnection,
    client: &Client,
    mut claims: AccessClaims,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Told>> {
    if claims.client_id != client.id() && claims.aud != client.id() {
        return Ok(None);
    }
    if let Some(person) = &mut claims.person {
        // Which grant it was is nobody else's business.
        let stands = match person.grant.take() {
            Some(grant) => store::grants::standing(db, grant, now).await?.is_some(),
            None => false,
        };
        if !stands {
            return Ok(None);
        }
    }
    Ok(Some(Told::Access {
        token_type: "Bearer",
        claims,
    }))
}

async fn refresh(
    app: &App,
    db: &mut PgConnection,
    client: &Client,
    token: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Told>> {
    let found = store::refresh_tokens::describe(db, &opaque::hash(token)).await?;
    let Some(found) = found.filter(|found| found.client == client.id()) else {
        return Ok(None);
    };
    let standing = store::grants::standing(db, found.grant, now).await?;
    Ok(standing.map(|standing| Told::Refresh {
        iss: app.issuer().as_str().to_owned(),
        sub: standing.person,
        client_id: found.client,
        scope: found.scope,
        iat: found.issued_at.timestamp(),
        exp: standing.expires_at.timestamp(),
        sid: standing.session,
    }))
}
