//! The catalog: what every store sells, and what it costs.
//!
//! - Owns: stores, their opening hours and tax rates, categories, products with their photographs, variations, option
//!   groups, options and all prices (`db-catalog`).
//! - Promises: a menu read from memory and at most a second old; a quote priced from the menu as it is now, and
//!   honoured for ten minutes; a planned price in effect from its very instant on; a product found by a word that is nearly right.
//! - Publishes: `catalog-events` (`events/`). Listens: to `identity-events`, for sessions that ended.
//! - Invariants: prices are integers in the store's one currency, tax included; no customer can name a price; a menu's
//!   version grows with every change to it; only a store's own managers change what it asks.
//!
//! To add a resource: its domain here, SQL in `store/`, a folder in `ops/`, rows in [`routes::table`] and [`openapi`].

pub mod access;
pub mod answers;
pub mod config;
pub mod discount;
pub mod error;
pub mod events;
pub mod fields;
mod grpc;
pub mod hours;
pub mod menu;
pub mod menus;
pub mod openapi;
pub mod ops;
pub mod option_group;
pub mod photo;
pub mod price;
pub mod pricing;
pub mod product;
pub mod rendered;
pub mod routes;
pub mod seed;
pub mod settling;
pub mod signer;
pub mod state;
pub mod store;
pub mod terms;

/// The schema of `db-catalog`.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
