//! What this service can do, one file per operation: its request, its handler and its core.

pub mod announce;
pub mod quote;
pub mod read;
pub mod under_way;
pub mod zones;
