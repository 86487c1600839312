//! One file per operation: its wire types, its thin handler, its core.
//!
//! Invariant: a handler only translates; what an operation does is a function that knows no HTTP.

pub mod menu;
pub mod quote;
pub mod stores;
