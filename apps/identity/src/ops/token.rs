//! `POST /oauth2/token`: authenticates the client, then hands over to the grant it asks for.
//!
//! Invariant: no grant is looked at before the client has proved who it is and the registry allows it the grant.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::client::{Client, GrantType};
use crate::error::{OAuthError, no_store};
use crate::ops::{client_credentials, exchange, redeem_code, refresh};
use crate::params::Params;
use crate::scope::Scopes;
use crate::standing::Standing;
use crate::state::App;
use crate::token::{self, AccessClaims, Actor, PersonClaims};

/// The token type of RFC 8693 for what this server issues and accepts.
pub const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A successful answer (RFC 6749 §5.1).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Tokens")]
pub struct Answer {
    /// The access token.
    pub access_token: String,
    /// What it is, in an answer to a token exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
    token_type: &'static str,
    /// Its lifetime in seconds.
    pub expires_in: i64,
    /// What it allows.
    pub scope: String,
    /// What to come back with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Who the person is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
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
    let grant = params
        .one("grant_type")?
        .ok_or(OAuthError::InvalidRequest("grant_type is missing"))?;
    let grant = GrantType::parse(grant).ok_or(OAuthError::UnsupportedGrantType)?;
    if !client.may(grant) {
        return Err(OAuthError::UnauthorizedClient);
    }
    let answer = match grant {
        GrantType::AuthorizationCode => redeem_code::run(&app, client, &params).await?,
        GrantType::RefreshToken => refresh::run(&app, client, &params).await?,
        GrantType::ClientCredentials => client_credentials::run(&app, client, &params)?,
        GrantType::TokenExchange => exchange::run(&app, client, &params).await?,
    };
    Ok(no_store(Json(answer)))
}

/// What distinguishes one access token of a client from another.
pub struct Issue<'a> {
    /// The app it is for.
    pub audience: &'a str,
    /// What it allows.
    pub scopes: &'a Scopes,
    /// Its id.
    pub access: Uuid,
    /// Whom it stands for.
    pub holder: Holder<'a>,
}

/// Whom an access token stands for.
pub enum Holder<'a> {
    /// The client itself.
    Client,
    /// A person, towards the client that holds her grant.
    Grant(&'a Standing, Uuid),
    /// A person for whom the client acts elsewhere, by the same grant.
    Delegated(&'a Standing, Uuid),
}

/// Signs an access token for a client. A person's never outlives her session.
pub fn issue(app: &App, client: &Client, issue: &Issue<'_>) -> Result<Answer, OAuthError> {
    let now = app.clock.now();
    let expires_at = now + token::LIFETIME;
    let (subject, person, expires_at) = match issue.holder {
        Holder::Client => (client.id().to_owned(), None, expires_at),
        Holder::Grant(standing, grant) => {
            let person = person_claims(client, standing, grant, None);
            (
                standing.person.to_string(),
                Some(person),
                expires_at.min(standing.expires_at),
            )
        }
        Holder::Delegated(standing, grant) => {
            let actor = Actor {
                sub: client.id().to_owned(),
            };
            let person = person_claims(client, standing, grant, Some(actor));
            (
                standing.person.to_string(),
                Some(person),
                expires_at.min(standing.expires_at),
            )
        }
    };
    let claims = AccessClaims {
        iss: app.issuer().as_str().to_owned(),
        aud: issue.audience.to_owned(),
        sub: subject,
        client_id: client.id().to_owned(),
        iat: now.timestamp(),
        exp: expires_at.timestamp(),
        jti: issue.access,
        scope: issue.scopes.to_string(),
        person,
    };
    Ok(Answer {
        access_token: app.mint.access(&claims)?,
        issued_token_type: None,
        token_type: "Bearer",
        expires_in: seconds_until(expires_at, now),
        scope: claims.scope,
        refresh_token: None,
        id_token: None,
    })
}

fn person_claims(
    client: &Client,
    standing: &Standing,
    grant: Uuid,
    act: Option<Actor>,
) -> PersonClaims {
    let (roles, stores) = if client.is_own() {
        (standing.roles.clone(), standing.stores.clone())
    } else {
        Default::default()
    };
    PersonClaims {
        sid: standing.session,
        roles,
        stores,
        grant: Some(grant),
        act,
    }
}

fn seconds_until(then: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    (then.timestamp() - now.timestamp()).max(0)
}
