//! Why nothing was ordered, and what whoever orders is told of it.

use axum::http::StatusCode;
use service::idempotency::KeyError;
use service::money::MoneyError;
use service::problem::Problem;

use crate::catalog::QuoteError;
use crate::error::Error;
use crate::lifecycle::IllegalStep;
use crate::pickup::NotThen;
use crate::shipping::AnnounceError;

use super::command::{DeliveryError, TipError};

/// Why nothing was ordered.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The caller is no person.
    #[error("only a person can order")]
    NoPerson,
    /// A card without its token, or a token without a card.
    #[error("the payment's method and token don't fit")]
    Token,
    /// The tip is not taken.
    #[error(transparent)]
    Tip(#[from] TipError),
    /// It can't be brought like that.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// It is not brought there, or not for that.
    #[error(transparent)]
    Announce(#[from] AnnounceError),
    /// The order, its fee and its tip are more than there is.
    #[error(transparent)]
    Sum(#[from] MoneyError),
    /// It can't be picked up then.
    #[error(transparent)]
    Pickup(#[from] NotThen),
    /// Others have taken all of the slot.
    #[error("the slot is full")]
    SlotFull,
    /// The idempotency key can't be used for this command.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is no price.
    #[error(transparent)]
    Quote(#[from] QuoteError),
    /// The database failed.
    #[error(transparent)]
    Any(#[from] Error),
    /// The transition table and this operation disagree.
    #[error(transparent)]
    Step(#[from] IllegalStep),
    /// An order or event can't be written as JSON.
    #[error("an order can't be written")]
    Encode(#[from] serde_json::Error),
}

impl From<sqlx::Error> for PlaceError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<PlaceError> for Problem {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::NoPerson => Self::new(
                StatusCode::FORBIDDEN,
                "person-required",
                "Only a person can order",
            ),
            PlaceError::Token => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-body",
                "The body has the wrong shape",
            )
            .field("/payment/token", "is needed by a card, and by nothing else"),
            PlaceError::Tip(error) => {
                let (pointer, detail) = match error {
                    TipError::Currency => ("/tip/currency", "must be the order's"),
                    TipError::Amount => ("/tip/amount", "must be 0 to 10000"),
                };
                Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "tip-refused",
                    "The tip can't be taken",
                )
                .field(pointer, detail)
            }
            PlaceError::Delivery(error) => error.into(),
            PlaceError::Announce(error) => error.into(),
            PlaceError::Pickup(error) => error.into(),
            PlaceError::SlotFull => {
                Self::new(StatusCode::CONFLICT, "slot-full", "The slot is taken")
                    .detail("Choose another slot.")
                    .field("/pickup", "is taken by others")
            }
            PlaceError::Key(error) => error.into(),
            PlaceError::Quote(error) => error.into(),
            PlaceError::Any(error) => error.into(),
            PlaceError::Sum(_) | PlaceError::Step(_) | PlaceError::Encode(_) => {
                Self::internal(&error)
            }
        }
    }
}
