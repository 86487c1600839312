//! What every operation can fail with, and what the caller is told of it.
//!
//! Invariant: what the caller may not see and what does not exist are answered alike; no answer quotes an address.

use axum::http::StatusCode;
use service::database;
use service::delivery::NotTaken;
use service::etag;
use service::problem::Problem;

use crate::address;
use crate::zone;

/// A failure that any operation may meet.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such store, as far as the caller is concerned.
    #[error("no such store")]
    StoreNotFound,
    /// No such shipment, as far as the caller is concerned.
    #[error("no such shipment")]
    ShipmentNotFound,
    /// Nobody can be sent to what is no address.
    #[error("this is no address")]
    AddressInvalid(address::Faults),
    /// The store does not deliver there.
    #[error("the store does not deliver there")]
    OutOfReach,
    /// Not the fee that somebody was shown.
    #[error("the fee has changed")]
    FeeChanged,
    /// The order's shipment was announced otherwise.
    #[error("the order has another shipment")]
    ShipmentExists,
    /// Zones that can't be.
    #[error("these zones can't be")]
    ZonesInvalid(zone::Faults),
    /// An edit of a version that is no longer the current one.
    #[error("the zones have changed")]
    Stale,
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
            Error::ShipmentNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "shipment-not-found",
                "There is no such shipment",
            ),
            Error::AddressInvalid(address::Faults(faults)) => {
                let problem = Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "address-invalid",
                    "Nobody can be sent to this address",
                );
                faults.into_iter().fold(problem, |problem, (field, fault)| {
                    problem.field(&format!("/address/{field}"), fault)
                })
            }
            Error::OutOfReach => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "address-out-of-reach",
                "The store does not deliver to this address",
            ),
            Error::FeeChanged => Self::new(
                StatusCode::CONFLICT,
                "delivery-fee-changed",
                "Delivery does not cost what was shown",
            ),
            Error::ShipmentExists => Self::new(
                StatusCode::CONFLICT,
                "shipment-exists",
                "The order's shipment was announced otherwise",
            ),
            Error::ZonesInvalid(zone::Faults(faults)) => {
                let problem = Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "zones-invalid",
                    "A store can't have these zones",
                );
                faults
                    .into_iter()
                    .fold(problem, |problem, (pointer, fault)| {
                        problem.field(&pointer, fault)
                    })
            }
            Error::Stale => etag::stale(),
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
