//! One file per operation: its request, its thin handler; what is done is [`crate::conduct`]'s and the bank's.
//!
//! Invariant: a request that can't be understood whole does nothing.

pub mod authorise;
pub mod capture;
pub mod operations;
pub mod outage;
pub mod refund;
mod request;
pub mod transactions;
pub mod undo;
pub mod void;
