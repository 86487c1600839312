//! The service's API on a real PostgreSQL, with a carrier that is away, loses answers, and finds nobody.

mod access;
mod alerts;
mod announce;
mod carrier;
mod crashes;
mod dead_letters;
mod driving;
mod events;
mod feed;
mod forgetting;
mod histories;
mod openapi;
mod orders;
mod quote;
mod read;
mod secrecy;
mod seed;
mod world;
mod zones;
