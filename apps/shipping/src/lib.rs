//! Shipping: who brings an order to its customer's door, where that is, and how far it has come.
//!
//! Owns the database `db-shipping`: shipments with their addresses, what the carrier told of them, and each store's zones.
//! Promises that an order is booked at the carrier at most once, that what was withdrawn is called off there, whatever is
//! repeated, lost, late or killed, and that an address is known to nobody but the carrier who drives there.
//! Publishes `shipping-events` (`events/`). Listens to `order-events`: confirmed books, ready calls the courier in,
//! cancelled and recalled withdraw; and to `identity-events`, for sessions that ended and accounts that are removed. Calls
//! the carrier, an HTTP endpoint of the sidecar.
//! Invariants: a shipment goes only the ways of [`shipment::next`]; each event is one version of its shipment; an address
//! is in no log, no event and no problem, and is gone a month after its shipment's end.
//!
//! How a shipment goes: order announces it, with the address; its events say what is wanted ([`inbound`]); the
//! [`driver`] brings the carrier to do it, and the [`feed`] reads what has become of it. To add a step: a row in
//! `shipment.rs`, and its event in `events.rs`.

pub mod access;
pub mod address;
pub mod carrier;
pub mod closed_accounts;
pub mod config;
mod consumer;
pub mod driver;
pub mod error;
pub mod events;
pub mod feed;
pub mod inbound;
pub mod openapi;
pub mod ops;
pub mod postcode;
pub mod routes;
pub mod seed;
pub mod shipment;
pub mod state;
pub mod steps;
pub mod store;
pub mod upkeep;
pub mod zone;

/// Creates and upgrades this service's own tables; the outbox has its own migrator.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
