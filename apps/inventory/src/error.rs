//! What every operation can fail with, and what the caller is told of it.
//!
//! Invariant: a store that the caller may not see and one that does not exist are answered alike.

use axum::http::StatusCode;
use service::database;
use service::delivery::NotTaken;
use service::problem::Problem;

/// A failure that any operation may meet.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such store, as far as the caller is concerned.
    #[error("no such store")]
    StoreNotFound,
    /// The store does not keep such an item.
    #[error("no such item")]
    ItemNotFound,
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// An event or answer can't be written as JSON.
    #[error("JSON can't be written")]
    Encode(#[from] serde_json::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::StoreNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "store-not-found",
                "There is no such store",
            ),
            Error::ItemNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "item-not-found",
                "The store has no such item",
            ),
            Error::Database(cause) if database::is_away(&cause) => Self::unavailable(&cause, 1),
            Error::Database(_) | Error::Encode(_) => Self::internal(&error),
        }
    }
}

impl From<Error> for NotTaken {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => error.into(),
            other => Self::Failed(other.into()),
        }
    }
}
