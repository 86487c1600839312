//! The service's API on a real PostgreSQL and a stand-in for its sidecar; a file per operation.

mod access;
mod account;
mod alerts;
mod audit;
mod cancel;
mod checkout;
mod dead_letters;
mod events;
mod extras;
mod faults;
mod fencing;
mod fulfil;
mod idempotency;
mod openapi;
mod operate;
mod pickup;
mod place;
mod quoted;
mod read;
mod receipts;
mod returns;
mod revoked;
mod saga;
mod shop;
mod timeline;
mod world;
