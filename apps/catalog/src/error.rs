//! Failures that any operation can meet, and the problem a caller sees of each.
//!
//! Invariant: a cause inside this service is logged and never shown.

use axum::http::StatusCode;
use service::database;
use service::problem::Problem;

/// A failure outside an operation's own rules.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No store has this id.
    #[error("there is no such store")]
    UnknownStore,
    /// The database refused or was away.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// An answer could not be written as JSON.
    #[error("an answer could not be rendered")]
    Render(#[from] serde_json::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match &error {
            Error::UnknownStore => Problem::new(
                StatusCode::NOT_FOUND,
                "store-not-found",
                "There is no such store",
            ),
            Error::Database(cause) if database::is_away(cause) => Problem::unavailable(&error, 1),
            Error::Database(_) | Error::Render(_) => Problem::internal(&error),
        }
    }
}
