//! The only file that reads the environment and names secrets and components.
//!
//! Invariant: an unknown `CREMA_*` variable, or a provider that nobody here speaks to, refuses to start.

use service::config::{Common, ConfigError, Environment};

use crate::provider::Provider;

/// This service's app id: its audience, its name in logs.
pub const APP: &str = "payment";
/// The app that issues tokens.
pub const IDENTITY: &str = "identity";
/// Where it publishes the keys that verify them.
pub const JWKS: &str = "/oauth2/jwks";
/// The provider's name among the sidecar's HTTP endpoints; the sidecar adds the credentials.
pub const PROVIDER: &str = "provider";
/// The Dapr component that holds secrets.
pub const SECRET_STORE: &str = "secretstore";
/// The secret with the database's address and login.
pub const DATABASE: &str = "database";
/// The Dapr component that reaches the broker.
pub const PUBSUB: &str = "pubsub";
/// The topic of our events.
pub const TOPIC: &str = "payment-events";

const CHOSEN: &str = "CREMA_PROVIDER";

/// What the environment says.
#[derive(Debug)]
pub struct Config {
    /// What every service is told.
    pub common: Common,
    /// Who moves the money of cards; if nothing is said, the acquirer of development.
    pub provider: Provider,
}

/// Reads it.
pub fn read() -> Result<Config, ConfigError> {
    let environment = Environment::read(&[CHOSEN])?;
    let provider = match environment.optional(CHOSEN) {
        Some(_) => environment.parse(CHOSEN)?,
        None => Provider::default(),
    };
    Ok(Config {
        common: environment.common()?,
        provider,
    })
}
