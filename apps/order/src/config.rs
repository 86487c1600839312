//! The only file that reads the environment and names secrets and components.
//!
//! Invariant: an unknown `CREMA_*` variable refuses to start.

use service::config::{Common, ConfigError, Environment};

use crate::returns::handle;

/// This service's app id: its audience, its client id, its name in logs.
pub const APP: &str = "order";
/// The app that issues tokens.
pub const IDENTITY: &str = "identity";
/// Where it publishes the keys that verify them.
pub const JWKS: &str = "/oauth2/jwks";
/// The Dapr component that holds secrets.
pub const SECRET_STORE: &str = "secretstore";
/// The secret with the database's address and login.
pub const DATABASE: &str = "database";
/// The secret with our own client credentials.
pub const CLIENT: &str = "client";
/// The Dapr component that reaches the broker.
pub const PUBSUB: &str = "pubsub";
/// The topic of our events.
pub const TOPIC: &str = "order-events";

const LIMIT: &str = "CREMA_RETURN_LIMIT";

/// What the environment says.
#[derive(Debug)]
pub struct Config {
    /// What every service is told.
    pub common: Common,
    /// Up to how much, in minor units, an order's returns come to before a manager has to let another one go on.
    pub return_limit: i64,
}

/// Reads it.
pub fn read() -> Result<Config, ConfigError> {
    let environment = Environment::read(&[LIMIT])?;
    let return_limit = match environment.optional(LIMIT) {
        Some(_) => environment.parse(LIMIT)?,
        None => handle::LIMIT,
    };
    Ok(Config {
        common: environment.common()?,
        return_limit,
    })
}
