//! The only file that reads the environment and names secrets and components.
//!
//! Invariant: an unknown `CREMA_*` variable, or a seed that does not exist, refuses to start.

use chrono::TimeDelta;
use service::config::{Common, ConfigError, Environment, SEED};

/// This service's app id: its audience, its name in logs.
pub const APP: &str = "shipping";
/// The app that issues tokens.
pub const IDENTITY: &str = "identity";
/// Where it publishes the keys that verify them.
pub const JWKS: &str = "/oauth2/jwks";
/// The carrier's name among the sidecar's HTTP endpoints; the sidecar adds the credentials. Not that of the app which
/// stands for it in development: a sidecar would take the endpoint for that app.
pub const CARRIER: &str = "courier";
/// The Dapr component that holds secrets.
pub const SECRET_STORE: &str = "secretstore";
/// The secret with the database's address and login.
pub const DATABASE: &str = "database";
/// The Dapr component that reaches the broker.
pub const PUBSUB: &str = "pubsub";
/// The topic of our events.
pub const TOPIC: &str = "shipping-events";

/// How long a courier is looked for, if nothing is said.
pub const SEARCH: TimeDelta = TimeDelta::minutes(10);

const COURIER_SEARCH: &str = "CREMA_COURIER_SEARCH";

/// What the environment says.
#[derive(Debug)]
pub struct Config {
    /// What every service is told.
    pub common: Common,
    /// Whether a database without zones is filled with the demonstration's.
    pub seed_demo: bool,
    /// How long a courier is looked for.
    pub search: TimeDelta,
}

/// Reads it.
pub fn read() -> Result<Config, ConfigError> {
    let environment = Environment::read(&[SEED, COURIER_SEARCH])?;
    let search = match environment.optional(COURIER_SEARCH) {
        // In seconds: more than eighteen hours are nobody's patience.
        Some(_) => TimeDelta::seconds(environment.parse::<u16>(COURIER_SEARCH)?.into()),
        None => SEARCH,
    };
    Ok(Config {
        common: environment.common()?,
        seed_demo: environment.seed_demo()?,
        search,
    })
}
