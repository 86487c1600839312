//! The tool against a real OpenBao: one server per test, from nothing, on loopback ports of its own.
//!
//! `OPENBAO_BIN` names the server's binary; a run without it fails rather than pass untested.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that is not as it must be"
)]

mod app_tokens;
mod approle;
mod audit;
mod backup;
mod bao;
mod certificate;
mod databases;
mod idempotence;
mod interruption;
mod isolation;
mod patience;
mod provider;
mod rekey;
mod relay;
mod root_token;
mod rotation;
mod sentry;
mod shared_secrets;
mod sql;
mod watch;
