//! What operations can fail with, and what the caller is told of it.
//!
//! Invariant: an outcome that is not known is never told as a failure of the payment: it is 503, and asking again is right.

use axum::http::StatusCode;
use service::database;
use service::idempotency::KeyError;
use service::ids::NoRandomness;
use service::problem::Problem;

use crate::payment::StepError;

/// A failure that any operation may meet.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such payment, as far as the caller is concerned.
    #[error("no such payment")]
    PaymentNotFound,
    /// The order was undone: it will never be paid.
    #[error("the payment is over")]
    Over,
    /// The order's payment began with another command.
    #[error("the payment began with another command")]
    Differs,
    /// The return was asked for as another one before.
    #[error("the return began with another command")]
    ReturnDiffers,
    /// The provider declined, for good.
    #[error("the provider declined: {code}")]
    Declined {
        /// Its code.
        code: String,
    },
    /// What the provider did is not known yet.
    #[error("the outcome is not known yet")]
    Unknown,
    /// It was captured, so it can't be voided.
    #[error("the payment was captured")]
    Captured,
    /// It was not authorised, so it can't be captured.
    #[error("the payment is not authorised")]
    NotAuthorised,
    /// More would go back than came.
    #[error("more would be refunded than is left of the capture")]
    ExceedsCapture,
    /// An amount that can't be paid or given back.
    #[error("the amount is out of range")]
    AmountOutOfRange,
    /// Not the payment's currency.
    #[error("the currency is not the payment's")]
    CurrencyDiffers,
    /// No token by its form.
    #[error("the token can't be used")]
    TokenInvalid,
    /// The provider refused what it should have done.
    #[error("the provider refused: {code}")]
    ProviderRefused {
        /// Its code.
        code: String,
    },
    /// Not a period that can be compared.
    #[error("the period can't be compared")]
    PeriodUnusable,
    /// No such reconciliation.
    #[error("no such reconciliation")]
    ReconciliationNotFound,
    /// No such divergence.
    #[error("no such divergence")]
    DivergenceNotFound,
    /// The idempotency key can't be used for this command.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What happened and the payment's states disagree.
    #[error(transparent)]
    Step(#[from] StepError),
    /// An event can't be written as JSON.
    #[error("an event can't be written")]
    Encode(#[from] serde_json::Error),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::PaymentNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "payment-not-found",
                "There is no such payment",
            ),
            Error::Over => Self::new(
                StatusCode::CONFLICT,
                "payment-over",
                "This order was undone: it will not be paid",
            ),
            Error::Differs => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "payment-differs",
                "The order's payment began with another request",
            ),
            Error::ReturnDiffers => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "return-differs",
                "The return began with another request",
            ),
            Error::Declined { code } => Self::new(
                StatusCode::PAYMENT_REQUIRED,
                "payment-declined",
                "The payment was declined",
            )
            .detail(code),
            Error::Unknown => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "payment-unknown",
                "What became of the payment is not known yet",
            )
            .detail("Ask again with the same request.")
            .retry_after(1),
            Error::Captured => Self::new(
                StatusCode::CONFLICT,
                "payment-captured",
                "The payment was captured: it can only be refunded",
            ),
            Error::NotAuthorised => Self::new(
                StatusCode::CONFLICT,
                "payment-not-authorised",
                "The payment is not authorised",
            ),
            Error::ExceedsCapture => Self::new(
                StatusCode::CONFLICT,
                "refund-exceeds-capture",
                "More would be given back than is left",
            ),
            Error::AmountOutOfRange => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "amount-out-of-range",
                "This amount can't be paid",
            )
            .field("/amount/amount", "is from 1 to 1000000000"),
            Error::CurrencyDiffers => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "currency-differs",
                "The payment has another currency",
            )
            .field("/amount/currency", "is not the payment's"),
            Error::TokenInvalid => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "token-invalid",
                "This can't stand for a card",
            )
            .field("/token", "is 1 to 255 visible ASCII characters"),
            Error::ProviderRefused { code } => Self::new(
                StatusCode::CONFLICT,
                "provider-refused",
                "The provider refused",
            )
            .detail(code),
            Error::PeriodUnusable => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "period-unusable",
                "This period can't be compared",
            )
            .field(
                "/to",
                "is later than `from` by 31 days at most, and not later than now",
            ),
            Error::ReconciliationNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "reconciliation-not-found",
                "There is no such reconciliation",
            ),
            Error::DivergenceNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "divergence-not-found",
                "There is no such divergence",
            ),
            Error::Key(error) => error.into(),
            Error::Database(cause) if database::is_away(&cause) => Self::unavailable(&cause, 1),
            Error::Database(cause) => Self::internal(&cause),
            Error::Step(_) | Error::Encode(_) | Error::Random(_) => Self::internal(&error),
        }
    }
}
