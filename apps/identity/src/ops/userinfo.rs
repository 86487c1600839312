//! `GET` and `POST /oauth2/userinfo` (OpenID Connect Core §5.3): who the bearer's person is.
//!
//! Invariant: an access token whose grant has ended learns nothing, although it has not expired yet.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::client::OwnClient;
use crate::error::{Failure, no_store};
use crate::person::PersonId;
use crate::role::Role;
use crate::scope::Scopes;
use crate::standing;
use crate::state::App;
use crate::store;
use crate::zone::Zone;

/// What is told.
#[derive(Serialize, JsonSchema)]
pub struct UserInfo {
    sub: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    zoneinfo: Option<Zone>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    /// For clients of ours alone, like the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<Role>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stores: Option<Vec<Uuid>>,
}

/// Why nothing is told (RFC 6750 §3.1).
#[derive(Debug, thiserror::Error)]
pub enum UserInfoError {
    /// There is no bearer token.
    #[error("no bearer token")]
    Anonymous,
    /// The token is not valid here, or its session has ended.
    #[error("the token is not valid")]
    InvalidToken,
    /// The token was not issued for this.
    #[error("the token lacks the scope openid")]
    InsufficientScope,
    /// A failure of ours.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<sqlx::Error> for UserInfoError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failure(error.into())
    }
}

impl IntoResponse for UserInfoError {
    fn into_response(self) -> Response {
        let (status, challenge) = match self {
            Self::Anonymous => (StatusCode::UNAUTHORIZED, r#"Bearer realm="crema""#),
            Self::InvalidToken => (
                StatusCode::UNAUTHORIZED,
                r#"Bearer realm="crema", error="invalid_token""#,
            ),
            Self::InsufficientScope => (
                StatusCode::FORBIDDEN,
                r#"Bearer realm="crema", error="insufficient_scope", scope="openid""#,
            ),
            Self::Failure(failure) => return failure.into_response(),
        };
        let challenge = (
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(challenge),
        );
        no_store((status, [challenge]))
    }
}

/// The handler.
pub async fn handle(State(app): State<App>, headers: HeaderMap) -> Result<Response, UserInfoError> {
    let token = bearer(&headers).ok_or(UserInfoError::Anonymous)?;
    let claims = app
        .mint
        .read(token, app.clock.now())
        .map_err(|_| UserInfoError::InvalidToken)?;
    let scopes = Scopes::parse(&claims.scope);
    if !scopes.contains("openid") {
        return Err(UserInfoError::InsufficientScope);
    }
    let grant = claims
        .person
        .and_then(|person| person.grant)
        .ok_or(UserInfoError::InvalidToken)?;
    let standing = standing::of_grant(&app, grant, claims.jti)
        .await?
        .ok_or(UserInfoError::InvalidToken)?;
    let ours = OwnClient::find(&claims.client_id).is_some();
    let mut db = app.db.acquire().await?;
    let profile = store::people::profile(&mut db, PersonId(standing.person))
        .await?
        .ok_or(UserInfoError::InvalidToken)?;
    Ok(no_store(Json(UserInfo {
        sub: standing.person,
        name: scopes.contains("profile").then_some(profile.name),
        zoneinfo: profile.zone.filter(|_| scopes.contains("profile")),
        email: scopes.contains("email").then_some(profile.email),
        email_verified: scopes.contains("email").then_some(profile.email_verified),
        roles: ours.then_some(profile.roles),
        stores: ours.then_some(profile.stores),
    })))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
