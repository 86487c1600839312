//! A store's prices to come: each takes effect at its instant.
//!
//! Invariant: its own managers plan them and take them back, and only as long as they are still to come.

pub mod cancel;
pub mod list;
pub mod plan;
pub mod read;
