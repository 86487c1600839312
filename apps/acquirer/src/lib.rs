//! The acquirer: a payment provider that exists for development only, and behaves badly on demand.
//!
//! A foreign party: it knows nothing of Crema, speaks an interface of its own at a listener of its own, and is reached
//! as a real provider is. Where the real one is used, this is not started.
//!
//! - Owns: the ledger, an append-only file of JSON lines, which is what a checker believes.
//! - Promises: nothing is answered before it is on disk; an idempotency key is carried out once and answers alike for
//!   ever; every success is told by a signed webhook until it is heard.
//! - Publishes and listens to: nothing. Its sidecar brings it its secrets.
//! - Invariants: no more is captured than was authorised, no more refunded than captured, nothing captured after a
//!   void; what is in memory follows from the ledger's lines alone.
//!
//! To add a misbehaviour: a row in [`tokens`], and a behaviour for [`conduct`] if no other does it.

pub mod bank;
pub mod book;
pub mod conduct;
pub mod config;
pub mod error;
pub mod ledger;
pub mod listener;
pub mod operation;
pub mod ops;
pub mod pace;
pub mod routes;
pub mod state;
pub mod tokens;
pub mod trouble;
pub mod webhooks;
