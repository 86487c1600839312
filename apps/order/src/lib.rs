//! Orders: what was ordered, at which prices, and how far it has come.
//!
//! Owns the database `db-order`: orders, lines, history, their checkouts, the numbers people call out,
//! the slots in which they are picked up, how they are brought, what of them is returned, and what was sold.
//! Promises that an order is stored once per Idempotency-Key and wholly or not at all, that it costs what the catalog
//! says, and that every transition leaves one row of history and one event.
//! Publishes `order-events` (`events/`), and listens to them for what was sold. Listens to `payment-events` and
//! `inventory-events` for its timelines, to `shipping-events` for the couriers of orders that are brought, to
//! `identity-events` for sessions that ended and accounts that were closed, and to its own dead letters. In its own name
//! it calls catalog for quotes and opening hours, shipping to announce what is brought, inventory for stock, payment for
//! money.
//! Invariants: only steps of [`lifecycle::STEPS`] happen; versions rise by one; whoever may not see an order is told
//! that there is none.
//!
//! To add an operation: a file in `ops/`, a row in [`routes::table`], SQL in `store/`. To add a transition: a row in
//! `lifecycle.rs`, its event in `events.rs` with a golden sample.

pub mod access;
pub mod audit;
pub mod catalog;
pub mod checkout;
pub mod closed_accounts;
pub mod config;
mod consumer;
pub mod delivery;
pub mod error;
pub mod events;
mod grpc;
pub mod in_flight;
pub mod inbound;
pub mod lifecycle;
pub mod numbers;
pub mod openapi;
pub mod ops;
pub mod order;
pub mod pickup;
pub mod prefer;
pub mod receipt;
pub mod refund;
pub mod refusal;
pub mod returns;
pub mod routes;
pub mod sales;
pub mod shipping;
pub mod state;
pub mod store;
pub mod timeline;
pub mod totals;
pub mod upkeep;
pub mod waits;

/// Creates and upgrades this service's own tables; the outbox has its own migrator.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
