//! What every service's tests need and no service owns: a fresh PostgreSQL database per test, an issuer of access
//! tokens, an RSA key, a stand-in for the Dapr sidecar, requests as that sends them and who may make them, a comparison with
//! the committed document and with the golden samples, a reader of `.proto` files, Prometheus' judgement of alerts, the log
//! of the tests' own process.
//!
//! Invariant: nothing here knows a service's tables, tokens' meaning or payloads; fixtures live beside the tests that
//! use them. Failures panic with the cause, because a test has nobody to hand an error to.

pub mod access;
pub mod alerts;
pub mod call;
mod database;
pub mod events;
pub mod grpc;
mod issuer;
pub mod log;
pub mod openapi;
pub mod proto;
pub mod rsa;
mod sidecar;

pub use database::database;
pub use issuer::{APP_TOKEN, Actor, Claims, Issuer};
pub use sidecar::{Received, Sidecar, Upstream};
