//! What goes wrong: the failures that are ours, and OAuth's refusals as RFC 6749 writes them.
//!
//! Invariant: a refusal's body names the rule that was broken, never what the server knows.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use service::database;
use service::ids::NoRandomness;
use service::problem::Problem;

use crate::params::BadParams;
use crate::password::PasswordError;
use crate::sealed::SealError;
use crate::token::SignError;

/// A failure of ours: the caller did nothing wrong.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// PostgreSQL failed, or can't be reached.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// A token could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Nothing unguessable could be made.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// An event could not be written.
    #[error("an event can't be written as JSON")]
    Event(#[from] serde_json::Error),
    /// The secret of a second factor could not be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Password(PasswordError::Busy) => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Too many people are signing in at this moment",
            )
            .retry_after(2)
            .into_response(),
            Self::Database(cause) if database::is_away(&cause) => {
                Problem::unavailable(&cause, 2).into_response()
            }
            failure => Problem::internal(&failure).into_response(),
        }
    }
}

/// A refusal of the token or revocation endpoint.
#[derive(Debug, thiserror::Error)]
pub enum OAuthError {
    /// Malformed: a parameter is missing, repeated or not understood.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// The client did not prove who it is.
    #[error("the client is unknown or its secret is wrong")]
    InvalidClient,
    /// The code, refresh token or subject token is not valid for this client now.
    #[error("{0}")]
    InvalidGrant(&'static str),
    /// The registry does not allow this client this grant.
    #[error("this client may not use this grant")]
    UnauthorizedClient,
    /// No such grant here.
    #[error("this grant type is not supported")]
    UnsupportedGrantType,
    /// More was asked for than there is to give.
    #[error("the scope is more than this client or person has")]
    InvalidScope,
    /// The client has no business with this audience (RFC 8693).
    #[error("this client may not reach this audience")]
    InvalidTarget,
    /// A failure of ours.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl OAuthError {
    const fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::Failure(_) => "server_error",
        }
    }
}

impl From<sqlx::Error> for OAuthError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failure(error.into())
    }
}

impl From<NoRandomness> for OAuthError {
    fn from(error: NoRandomness) -> Self {
        Self::Failure(error.into())
    }
}

impl From<SignError> for OAuthError {
    fn from(error: SignError) -> Self {
        Self::Failure(error.into())
    }
}

impl From<BadParams> for OAuthError {
    fn from(error: BadParams) -> Self {
        Self::InvalidRequest(match error {
            BadParams::Repeated => "a parameter is repeated",
            BadParams::NoForm => "the body is not application/x-www-form-urlencoded",
        })
    }
}

/// A refusal as RFC 6749 writes it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Refusal")]
pub struct Body {
    error: &'static str,
    error_description: String,
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = Json(Body {
            error: self.code(),
            error_description: self.to_string(),
        });
        let mut response = match self {
            Self::Failure(failure) => return failure.into_response(),
            Self::InvalidClient => (StatusCode::UNAUTHORIZED, body).into_response(),
            _ => (StatusCode::BAD_REQUEST, body).into_response(),
        };
        if response.status() == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static(r#"Basic realm="crema""#);
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        no_store(response)
    }
}

/// Marks an answer as one that nothing on its way may keep.
#[must_use]
pub fn no_store(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
