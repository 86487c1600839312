//! What the process is told, and the names of what it finds at its sidecar.
//!
//! Invariant: the only file that reads the environment.

use std::net::SocketAddr;
use std::path::PathBuf;

use chrono::TimeDelta;
use service::config::{Common, ConfigError, Environment};

/// This service's app id.
pub const APP: &str = "carrier";
/// The Dapr component that holds secrets.
pub const SECRET_STORE: &str = "secretstore";
/// The secret with what the shipper and we share: `api_key`.
pub const SHIPPER: &str = "shipper";

const LISTEN: &str = "CREMA_CARRIER_LISTEN";
const JOURNAL: &str = "CREMA_JOURNAL_FILE";
const STEP: &str = "CREMA_CARRIER_STEP";

/// The settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every service is told.
    pub common: Common,
    /// Where the shipper reaches us.
    pub listen: SocketAddr,
    /// The journal.
    pub journal: PathBuf,
    /// How long a courier needs from one step to the next.
    pub step: TimeDelta,
}

/// Reads them.
pub fn read() -> Result<Config, ConfigError> {
    let environment = Environment::read(&[LISTEN, JOURNAL, STEP])?;
    Ok(Config {
        common: environment.common()?,
        listen: environment.parse(LISTEN)?,
        journal: environment.require(JOURNAL)?.into(),
        step: TimeDelta::seconds(environment.parse::<u16>(STEP)?.into()),
    })
}
