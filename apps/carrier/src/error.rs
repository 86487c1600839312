//! What can go wrong at the carrier's interface, and what the shipper is told of it.
//!
//! Invariant: every answer that is no delivery is `{"error", "message"}`, in our own words and not in the shipper's.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::journal::JournalError;

/// A request that comes to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No key of ours, or another one.
    #[error("the API key is missing or wrong")]
    Unauthorised,
    /// A booking that could not be repeated safely.
    #[error("this needs an Idempotency-Key of 1 to 255 visible ASCII characters")]
    Key,
    /// It is not of the form that is asked for.
    #[error("the request can't be used")]
    Invalid,
    /// There is no such path, or not by this method.
    #[error("there is nothing here")]
    NothingHere,
    /// There is no such delivery.
    #[error("there is no such delivery")]
    NoDelivery,
    /// The key stands for another booking.
    #[error("the idempotency key stands for another request")]
    KeyReused,
    /// The key was called off.
    #[error("what stands under this key was called off")]
    CalledOff,
    /// Nobody drives there now.
    #[error("no courier can be found now")]
    NoCourier,
    /// It has left the shop.
    #[error("it has been collected")]
    Collected,
    /// A failure on demand.
    #[error("something broke")]
    Broken,
    /// A failure on demand, too.
    #[error("come again later")]
    Unavailable,
    /// The journal's.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (code, status) = match &self {
            Self::Unauthorised => ("unauthorised", StatusCode::UNAUTHORIZED),
            Self::Key => ("key_missing", StatusCode::BAD_REQUEST),
            Self::Invalid => ("invalid", StatusCode::UNPROCESSABLE_ENTITY),
            Self::NothingHere => ("nothing_here", StatusCode::NOT_FOUND),
            Self::NoDelivery => ("no_delivery", StatusCode::NOT_FOUND),
            Self::KeyReused => ("key_reused", StatusCode::CONFLICT),
            Self::CalledOff => ("called_off", StatusCode::CONFLICT),
            Self::NoCourier => ("no_courier", StatusCode::CONFLICT),
            Self::Collected => ("collected", StatusCode::CONFLICT),
            Self::Broken => ("broken", StatusCode::INTERNAL_SERVER_ERROR),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
            Self::Journal(error) => {
                tracing::error!(
                    error = error as &dyn std::error::Error,
                    "the journal can't be written"
                );
                ("unavailable", StatusCode::SERVICE_UNAVAILABLE)
            }
        };
        let message = match &self {
            Self::Journal(_) => "come again later".to_owned(),
            other => other.to_string(),
        };
        (status, Json(json!({"error": code, "message": message}))).into_response()
    }
}
