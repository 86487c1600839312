//! What can go wrong at the provider's interface, and what the merchant is told of it.
//!
//! Invariant: every answer that is no operation is `{"error", "message"}`, in our own words and not in the merchant's.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::bank::BankError;
use crate::book::Unknown;
use crate::ledger::Lost;

/// A request that comes to no operation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No key of ours, or another one.
    #[error("the API key is missing or wrong")]
    Unauthorised,
    /// A command that could not be repeated safely.
    #[error("this needs an Idempotency-Key of 1 to 255 visible ASCII characters")]
    Key,
    /// It is not of the form that is asked for.
    #[error("the request can't be used: {0}")]
    Invalid(String),
    /// More bytes than are read.
    #[error("the body is too large")]
    TooLarge,
    /// There is no such path.
    #[error("there is nothing here")]
    NothingHere,
    /// Not by this method.
    #[error("this can't be done here")]
    Method,
    /// Nothing was done under this key.
    #[error("nothing was done under this key")]
    NoOperation,
    /// A failure on demand.
    #[error("something broke")]
    Broken,
    /// A failure on demand, too.
    #[error("come again later")]
    Unavailable,
    /// The bank's own.
    #[error(transparent)]
    Bank(#[from] BankError),
}

impl From<Unknown> for Error {
    fn from(unknown: Unknown) -> Self {
        Self::Bank(unknown.into())
    }
}

impl From<Lost> for Error {
    fn from(lost: Lost) -> Self {
        Self::Bank(lost.into())
    }
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorised => StatusCode::UNAUTHORIZED,
            Self::Key => StatusCode::BAD_REQUEST,
            Self::Invalid(_) | Self::Bank(BankError::KeyReused) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NothingHere | Self::NoOperation | Self::Bank(BankError::Unknown(_)) => {
                StatusCode::NOT_FOUND
            }
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Broken | Self::Bank(BankError::Inconsistent(_)) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Unavailable | Self::Bank(BankError::Lost(_)) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unauthorised => "unauthorised",
            Self::Key => "idempotency_key",
            Self::Invalid(_) => "invalid_request",
            Self::TooLarge => "too_large",
            Self::NothingHere => "not_found",
            Self::Method => "method_not_allowed",
            Self::NoOperation => "no_such_operation",
            Self::Broken | Self::Bank(BankError::Inconsistent(_)) => "internal",
            Self::Unavailable | Self::Bank(BankError::Lost(_)) => "unavailable",
            Self::Bank(BankError::KeyReused) => "idempotency_key_reused",
            Self::Bank(BankError::Unknown(Unknown::Authorisation)) => "no_such_authorisation",
            Self::Bank(BankError::Unknown(Unknown::Capture)) => "no_such_capture",
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Self::Bank(error @ (BankError::Lost(_) | BankError::Inconsistent(_))) = &self {
            tracing::error!(%error, "a request could not be served");
        }
        let body = json!({ "error": self.code(), "message": self.to_string() });
        (self.status(), Json(body)).into_response()
    }
}
