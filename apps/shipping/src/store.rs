//! All SQL of this service. Free functions on a connection; who needs a transaction opens it.
//!
//! Invariant: whoever changes a shipment holds its row, by having inserted it or by [`shipments::lock`]; who holds the
//! feed's row may lock shipments, and nobody the other way round.

pub mod closed_accounts;
pub mod feed;
pub mod shipments;
pub mod tracking;
pub mod zones;

/// What the database answers.
pub type Result<T> = std::result::Result<T, sqlx::Error>;
