//! Inventory: what every store has, what is made of it, and what is held for which order.
//!
//! Owns the database `db-inventory`: items, recipes, levels, their movements, reservations, what came back of them.
//! Promises that stock is never below zero nor sold twice, that reserve, release and commit may be repeated and come in
//! any order, and that every change of a level left a movement that says who made it and why.
//! Publishes `inventory-events` (`events/`). Listens to `order-events`: confirmed commits, cancelled releases;
//! and to `identity-events`, for sessions that ended. Calls nobody.
//! Invariants: a level is the sum of its movements; available + reserved + sold + wasted = initial + received +
//! restocked + adjusted; an order that was released can't be reserved any more.
//!
//! To add an operation: a file in `ops/`, a row in [`routes::table`], SQL in `store/`. To add a kind of movement: a row
//! in `stock.rs` and in the CHECK of `movements`.

pub mod access;
pub mod config;
mod consumer;
pub mod error;
pub mod events;
pub mod inbound;
pub mod openapi;
pub mod ops;
pub mod recipe;
pub mod reservation;
pub mod returned;
pub mod routes;
pub mod seed;
pub mod state;
pub mod stock;
pub mod store;
pub mod sweeper;
pub mod upkeep;

/// Creates and upgrades this service's own tables; the outbox has its own migrator.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
