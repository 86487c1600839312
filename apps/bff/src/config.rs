//! What the process is told, and the names of what it finds at its sidecar.
//!
//! Invariant: the only file that reads the environment.

use std::net::SocketAddr;
use std::path::PathBuf;

use service::config::{Common, ConfigError, Environment};

/// Our app id, which is our client id at identity too.
pub const APP: &str = "bff";
/// The service whose tokens we use.
pub const IDENTITY: &str = "identity";
/// Where it publishes its keys.
pub const JWKS: &str = "/oauth2/jwks";
/// The component that holds our secrets.
pub const SECRET_STORE: &str = "secretstore";
/// The component that holds our sessions.
pub const STATE_STORE: &str = "statestore";
/// The component that holds what must not vanish.
pub const DURABLE_STORE: &str = "statestore-durable";

/// The settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every service is told.
    pub common: Common,
    /// Where browsers reach us.
    pub public_listen: SocketAddr,
    /// The folder of the built web client.
    pub web_root: PathBuf,
    /// How many times as wide as their table says all limits on requests are: 1 but where the café is measured.
    pub rate_factor: u32,
}

/// Reads them.
pub fn read() -> Result<Config, ConfigError> {
    let environment =
        Environment::read(&["CREMA_PUBLIC_LISTEN", "CREMA_RATE_FACTOR", "CREMA_WEB_ROOT"])?;
    let rate_factor = match environment.optional("CREMA_RATE_FACTOR") {
        Some(_) => environment.parse("CREMA_RATE_FACTOR")?,
        None => 1,
    };
    Ok(Config {
        common: environment.common()?,
        public_listen: environment.parse("CREMA_PUBLIC_LISTEN")?,
        web_root: environment.require("CREMA_WEB_ROOT")?.into(),
        rate_factor,
    })
}
