//! All SQL of this service, one file per aggregate: free functions on a connection; who needs a transaction opens it.
//!
//! Invariant: nothing here decides; what may happen is the business of the domain and of the operations.

pub mod checkouts;
pub mod closed_accounts;
pub mod deliveries;
pub mod history;
pub mod orders;
pub mod pickup;
pub mod queue;
pub mod refunds;
pub mod replays;
pub mod return_holds;
pub mod returns;
pub mod sales;
pub mod seals;
pub mod timeline;

type Result<T> = std::result::Result<T, sqlx::Error>;
