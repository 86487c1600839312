//! The service's API on a real PostgreSQL and a stand-in for its sidecar; a file per concern.

mod access;
mod availability;
mod constraints;
mod dead_letters;
mod events;
mod expiry;
mod faults;
mod histories;
mod ledger;
mod openapi;
mod orders;
mod release;
mod reserve;
mod returns;
mod rush;
mod seed;
mod staff;
mod world;
