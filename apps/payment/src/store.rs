//! All SQL of this service, by table. Free functions on a connection; who needs a transaction opens it.
//!
//! Invariant: whoever changes a payment, its operations or its money holds the payment's row lock, or the lock on its
//! order while there is no row.

pub mod books;
pub mod divergences;
pub mod ledger;
pub mod messages;
pub mod operations;
pub mod payments;
pub mod reconciliations;
pub mod replays;
pub mod returns;

use service::money::{Currency, Money};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// An amount as two columns hold it.
fn money(amount: i64, currency: &str) -> Result<Money> {
    let currency: Currency = currency
        .parse()
        .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    Ok(Money { amount, currency })
}
