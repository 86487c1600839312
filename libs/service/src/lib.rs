//! What every Crema service does alike: configuration, telemetry, health, errors, tokens, routes, shutdown.
//!
//! No business word appears here. A service's `main` reads its configuration, starts a [`server::Process`],
//! connects, and has it serve a table of [`routes::Routes`]; everything a caller can see of a failure is a
//! [`problem::Problem`].

pub mod auth;
pub mod clock;
pub mod config;
pub mod database;
pub mod delivery;
pub mod etag;
pub mod extract;
pub mod failpoint;
pub mod grpc;
pub mod idempotency;
pub mod ids;
mod jwks;
pub mod money;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod rate;
pub mod revoked;
pub mod routes;
pub mod server;
pub mod telemetry;
