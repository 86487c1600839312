//! What the process is told, and the names of what it finds at its sidecar.
//!
//! Invariant: the only file that reads the environment.

use std::net::SocketAddr;
use std::path::PathBuf;

use service::config::{Common, ConfigError, Environment};
use url::Url;

/// This service's app id.
pub const APP: &str = "acquirer";
/// The Dapr component that holds secrets.
pub const SECRET_STORE: &str = "secretstore";
/// The secret with what the merchant and we share: `api_key` and `webhook_secret`.
pub const MERCHANT: &str = "merchant";

/// Where the merchant takes webhooks, below its public address.
const WEBHOOKS: &str = "/webhooks/provider";
const LISTEN: &str = "CREMA_PROVIDER_LISTEN";
const LEDGER: &str = "CREMA_LEDGER_FILE";

/// The settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every service is told.
    pub common: Common,
    /// Where the merchant reaches us.
    pub provider_listen: SocketAddr,
    /// The ledger.
    pub ledger: PathBuf,
    /// Where webhooks go. The client trusts what `SSL_CERT_FILE` names, else the machine's authorities.
    pub webhooks: Url,
}

/// Reads them.
pub fn read() -> Result<Config, ConfigError> {
    let environment = Environment::read(&[LISTEN, LEDGER])?;
    let common = environment.common()?;
    let webhooks = common
        .issuer
        .join(WEBHOOKS)
        .map_err(|error| ConfigError::Invalid {
            name: "CREMA_ISSUER".to_owned(),
            reason: error.to_string(),
        })?;
    Ok(Config {
        provider_listen: environment.parse(LISTEN)?,
        ledger: environment.require(LEDGER)?.into(),
        webhooks,
        common,
    })
}
