//! The service's API on a real PostgreSQL, with a provider that declines, hangs, loses answers and repeats itself.

mod access;
mod amounts;
mod authorise;
mod capture;
mod counter;
mod crashes;
mod dead_letters;
mod events;
mod ledger;
mod openapi;
mod provider;
mod read;
mod refund;
mod secrecy;
mod sequences;
mod undo;
mod unknown;
mod upkeep;
mod webhook;
mod world;
