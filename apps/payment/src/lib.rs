//! Payments: what an order's customer owes, what the provider did for it, and where the money is.
//!
//! Owns the database `db-payment`: payments, the operations asked of the provider, a double-entry ledger, and where it
//! differs from the provider's books.
//! Promises that an order is authorised and captured at most once and refunded at most what was captured, whatever is
//! repeated, lost, late or killed; that an outcome which is not known is asked for, never guessed; and that an order
//! that was undone keeps no money of its customer.
//! Publishes `payment-events` (`events/`). Listens to `order-events`, for what was paid at the counter, and to
//! `identity-events`, for sessions that ended. Calls the provider, an HTTP endpoint of the sidecar: the acquirer or Stripe.
//! Invariants: refunded ≤ captured ≤ amount; every transaction of the ledger sums to zero; a card's token is stored only
//! while the provider has not decided, and neither logged nor published.
//!
//! How an operation goes: its intent is committed under a key, the provider is called, its outcome is committed
//! ([`settle`]). What is left halfway is settled by [`resolver`]; once a day [`reconcile`] holds all of it against what the
//! provider lists. To add an operation on money: a kind in
//! `operation.rs`, its request in each file of `provider/`, what follows from it in `settle.rs`.

pub mod access;
pub mod config;
mod consumer;
pub mod detached;
pub mod error;
pub mod events;
pub mod inbound;
pub mod ledger;
pub mod openapi;
pub mod operation;
pub mod ops;
pub mod payment;
pub mod provider;
pub mod reconcile;
pub mod resolver;
pub mod routes;
pub mod settle;
pub mod signature;
pub mod state;
pub mod store;
pub mod undone;
pub mod upkeep;

/// Creates and upgrades this service's own tables; the outbox has its own migrator.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
