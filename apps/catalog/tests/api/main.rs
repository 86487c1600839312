//! The catalog through its router, on a real PostgreSQL: one database per test, tokens from the test's own issuer.
//!
//! Invariant: a test names products as a customer does; ids come from the menu that the service answers.

mod access;
mod catalog;
mod menu;
mod openapi;
mod quotes;
mod seed;
mod stores;
