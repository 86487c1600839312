//! The catalog through its router, on a real PostgreSQL: one database per test, tokens from the test's own issuer.
//!
//! Invariant: a test names products as a customer does; ids come from the menu that the service answers.

mod access;
mod catalog;
mod categories;
mod discounts;
mod events;
mod grpc;
mod hours;
mod images;
mod menu;
mod openapi;
mod option_groups;
mod price_changes;
mod prices;
mod products;
mod quoted;
mod quotes;
mod search;
mod seed;
mod stores;
mod tax_rates;
