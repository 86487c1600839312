//! What every operation can fail with, and what the caller is told of it.
//!
//! Invariant: an order that the caller may not see and one that does not exist are answered alike.

use axum::http::StatusCode;
use service::database;
use service::problem::Problem;

/// A failure that any operation may meet.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such order, as far as the caller is concerned.
    #[error("no such order")]
    OrderNotFound,
    /// No such return, as far as the caller is concerned.
    #[error("no such return")]
    ReturnNotFound,
    /// No such store, as far as the caller is concerned.
    #[error("no such store")]
    StoreNotFound,
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::OrderNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "order-not-found",
                "There is no such order",
            ),
            Error::ReturnNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "return-not-found",
                "There is no such return",
            ),
            Error::StoreNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "store-not-found",
                "There is no such store",
            ),
            Error::Database(cause) if database::is_away(&cause) => Self::unavailable(&cause, 1),
            Error::Database(cause) => Self::internal(&cause),
        }
    }
}
