//! What the process is told: environment and secrets. The only file that reads either.
//!
//! Invariant: nothing has a default that would be unsafe; a missing secret is named and waited for.

use dapr_kit::{Dapr, DaprError, Secret, Secrets};
use service::config::{Common, ConfigError, Environment, SEED};

use crate::federation::http::Reach;
use crate::second_factor::Policy;

/// The broker's component.
pub const PUBSUB: &str = "pubsub";
/// Where our events go.
pub const TOPIC: &str = "identity-events";

const STORE: &str = "secretstore";
const SECOND_FACTOR: &str = "CREMA_SECOND_FACTOR";

/// The settings.
#[derive(Debug)]
pub struct Config {
    /// What every service is told.
    pub common: Common,
    /// Which addresses of other providers are asked: with the demonstration, those of this machine unencrypted too.
    pub providers: Reach,
    /// Whether an empty installation gets the people of the demonstration.
    pub demo: bool,
    /// Whether staff need a second factor: they do, unless `CREMA_SECOND_FACTOR` is `optional`.
    pub second_factor: Policy,
}

impl Config {
    /// Reads the environment.
    pub fn read() -> Result<Self, ConfigError> {
        let env = Environment::read(&[SEED, SECOND_FACTOR])?;
        let demo = env.seed_demo()?;
        let second_factor = match env.optional(SECOND_FACTOR) {
            None | Some("required") => Policy::RequiredForStaff,
            Some("optional") => Policy::Optional,
            Some(_) => {
                return Err(ConfigError::Invalid {
                    name: SECOND_FACTOR.to_owned(),
                    reason: "it is required or optional".to_owned(),
                });
            }
        };
        Ok(Self {
            common: env.common()?,
            providers: if demo {
                Reach::LoopbackToo
            } else {
                Reach::Https
            },
            demo,
            second_factor,
        })
    }
}

/// The secrets that are followed while the process runs.
pub struct LiveSecrets {
    /// How to reach the database.
    pub database: Secrets,
    /// The signing keys.
    pub signing: Secrets,
    /// The hashes of the clients' secrets.
    pub clients: Secrets,
    /// The key of second factors.
    pub totp: Secrets,
    /// The other providers, and our secrets there.
    pub federation: Secrets,
}

impl LiveSecrets {
    /// Waits for the first value of each.
    pub async fn watch(dapr: &Dapr) -> Result<Self, DaprError> {
        Ok(Self {
            database: Secrets::watch(dapr.clone(), STORE, "database").await?,
            signing: Secrets::watch(dapr.clone(), STORE, "signing").await?,
            clients: Secrets::watch(dapr.clone(), STORE, "clients").await?,
            totp: Secrets::watch(dapr.clone(), STORE, "totp").await?,
            federation: Secrets::watch(dapr.clone(), STORE, "federation").await?,
        })
    }
}

/// The passwords of the demonstration, one per role; read when they are needed, and only then.
pub async fn demo_passwords(dapr: &Dapr) -> Result<Secret, DaprError> {
    dapr.secret(STORE, "demo").await
}
