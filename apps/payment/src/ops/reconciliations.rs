//! Reconciliations, for operators: wanted, listed, looked at.

pub mod get;
pub mod list;
pub mod request;
