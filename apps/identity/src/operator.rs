//! Who runs the platform: an admin, acting now.
//!
//! Invariant: a token is not enough. The session that it came from is looked up at every request, so that whoever was
//! signed out or closed out a second ago does nothing more.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use service::auth::{self, Principal};
use service::ids::NoRandomness;
use service::problem::Problem;
use sqlx::PgConnection;

use crate::error::Failure;
use crate::person::PersonId;
use crate::state::App;
use crate::store;

/// An admin whose session is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator(pub PersonId);

/// Why an operator's request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The token's session has ended, or it is no person's.
    #[error("the session has ended")]
    Ended,
    /// No account has this id.
    #[error("there is no such account")]
    NotFound,
    /// No client of another company has this id.
    #[error("there is no such client")]
    NoClient,
    /// A public client has none.
    #[error("a public client has no secret")]
    NoSecret,
    /// She would take from herself what she is acting by.
    #[error("operators leave their own account to others")]
    OwnAccount,
    /// The request itself is at fault.
    #[error("the request can't be used")]
    Request(Problem),
    /// A failure of ours.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<Problem> for OperatorError {
    fn from(problem: Problem) -> Self {
        Self::Request(problem)
    }
}

impl From<NoRandomness> for OperatorError {
    fn from(error: NoRandomness) -> Self {
        Self::Failure(error.into())
    }
}

impl From<sqlx::Error> for OperatorError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failure(error.into())
    }
}

impl IntoResponse for OperatorError {
    fn into_response(self) -> Response {
        match self {
            Self::Ended => auth::invalid_token().into_response(),
            Self::NotFound => Problem::new(
                StatusCode::NOT_FOUND,
                "user-not-found",
                "There is no such account",
            )
            .into_response(),
            Self::NoClient => Problem::new(
                StatusCode::NOT_FOUND,
                "client-not-found",
                "There is no such client",
            )
            .into_response(),
            Self::NoSecret => Problem::new(
                StatusCode::CONFLICT,
                "client-is-public",
                "A public client has no secret",
            )
            .into_response(),
            Self::OwnAccount => Problem::new(
                StatusCode::CONFLICT,
                "own-account",
                "Another operator has to do this to your account",
            )
            .into_response(),
            Self::Request(problem) => problem.into_response(),
            Self::Failure(failure) => failure.into_response(),
        }
    }
}

impl Operator {
    /// The operator whose token this is. That she may operate at all is in its scope.
    pub async fn of(
        app: &App,
        db: &mut PgConnection,
        principal: &Principal,
    ) -> Result<Self, OperatorError> {
        let (Some(person), Some(session)) = (principal.user_id(), principal.session) else {
            return Err(OperatorError::Ended);
        };
        let person = PersonId(person);
        let now = app.clock.now();
        if store::sessions::is_in_force(db, session, person, now).await? {
            Ok(Self(person))
        } else {
            Err(OperatorError::Ended)
        }
    }
}
