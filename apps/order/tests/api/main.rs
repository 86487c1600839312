//! The service's API on a real PostgreSQL and a stand-in for its sidecar; a file per operation.

mod access;
mod events;
mod faults;
mod fulfil;
mod idempotency;
mod place;
mod read;
mod world;
