//! What this service can do, one file per operation.

pub mod book;
pub mod call_off;
pub mod outage;
pub mod ready;
pub mod updates;
