//! The only file that reads the environment and names secrets and components.
//!
//! Invariant: an unknown `CREMA_*` variable refuses to start.

use service::config::{Common, ConfigError, Environment};

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
/// The secret that the provider signs its messages with: `current` and, while it is being changed, `previous`.
pub const WEBHOOK: &str = "webhook";
/// The Dapr component that reaches the broker.
pub const PUBSUB: &str = "pubsub";
/// The topic of our events.
pub const TOPIC: &str = "payment-events";

/// What the environment says. This service has no setting of its own.
pub fn read() -> Result<Common, ConfigError> {
    Environment::read(&[])?.common()
}
