//! What this service can do, one file per operation: its request, its handler, its core and its errors.

pub mod fulfil;
pub mod get;
pub mod history;
pub mod list;
pub mod place;
pub mod tickets;
