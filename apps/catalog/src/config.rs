//! The only file that reads the environment and names secrets and components.
//!
//! Invariant: an unknown `CREMA_*` variable, or a seed that does not exist, refuses to start.

use service::config::{Common, ConfigError, Environment, SEED};

/// This service's app id: its audience and its name in logs.
pub const APP: &str = "catalog";
/// The app that issues tokens.
pub const IDENTITY: &str = "identity";
/// Where it publishes the keys that verify them.
pub const JWKS: &str = "/oauth2/jwks";
/// The Dapr component that holds secrets.
pub const SECRET_STORE: &str = "secretstore";
/// The secret with the database's address and login.
pub const DATABASE: &str = "database";
/// The secret with the keys that sign quotes.
pub const QUOTES: &str = "quotes";
/// The Dapr component that reaches the broker.
pub const PUBSUB: &str = "pubsub";
/// The topic of our events.
pub const TOPIC: &str = "catalog-events";

/// What the environment says.
#[derive(Debug)]
pub struct Config {
    /// What every service is told.
    pub common: Common,
    /// Whether an empty catalogue is filled with the demonstration's.
    pub seed_demo: bool,
}

/// Reads it.
pub fn read() -> Result<Config, ConfigError> {
    let environment = Environment::read(&[SEED])?;
    Ok(Config {
        common: environment.common()?,
        seed_demo: environment.seed_demo()?,
    })
}
