//! The catalog: what every store sells, and what it costs.
//!
//! - Owns: stores, tax rates, categories, products, variations, option groups, options and all prices (`db-catalog`).
//! - Promises: a menu read from memory and at most a second old; a quote priced from the menu as it is now.
//! - Publishes: nothing yet. Listens: to `identity-events`, for sessions that ended.
//! - Invariants: prices are integers in the store's one currency, tax included; no caller can name a price; a menu's
//!   version grows with every change to it.

pub mod config;
pub mod error;
pub mod menu;
pub mod menus;
pub mod openapi;
pub mod ops;
pub mod pricing;
pub mod rendered;
pub mod routes;
pub mod seed;
pub mod state;
pub mod store;

/// The schema of `db-catalog`.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
