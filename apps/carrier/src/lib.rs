//! The carrier: a delivery company that exists for development only, and behaves badly on demand.
//!
//! A foreign party: it knows nothing of Crema, speaks an interface of its own at a listener of its own, and is reached
//! as a real company is. Where a real one is used, this is not started.
//!
//! - Owns: the journal, an append-only file of JSON lines. Whose door it is stands in none of them.
//! - Promises: nothing is answered before it is on disk; an idempotency key is one delivery and answers alike for ever,
//!   or, once it was called off, none for ever; every change of a delivery is one update, which whoever asks for those
//!   after the last one that he has seen never misses.
//! - Publishes and listens to: nothing, and it tells nobody by itself. Its sidecar brings it its secrets.
//! - Invariant: what is in memory follows from the journal's lines alone, but for the troubles of [`conduct`].
//!
//! To add a misbehaviour: a row in [`conduct`].

pub mod book;
pub mod conduct;
pub mod config;
pub mod delivery;
pub mod error;
pub mod journal;
pub mod ops;
pub mod routes;
pub mod state;
