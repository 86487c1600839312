//! Measures the running system beside controls that do the least that could be done in its place.
//!
//! Invariant: every ratio comes from one run, in which ours and its controls took turns; nothing here judges by an
//! absolute time, and nothing here is a test.

#![expect(
    clippy::float_arithmetic,
    reason = "measurements are no money: a ratio is a fraction"
)]

pub mod aftermath;
pub mod arguments;
pub mod bare;
pub mod contest;
pub mod controls;
pub mod customer;
pub mod figures;
pub mod hashes;
pub mod http_call;
pub mod identity;
pub mod load;
pub mod lone;
pub mod pgbench;
pub mod processes;
pub mod report;
pub mod stack;
pub mod twin;
pub mod visitors;
