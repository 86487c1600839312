//! What every operation works with.
//!
//! Invariant: time, ids and randomness come from here alone.

use std::sync::Arc;

use service::clock::Clock;
use service::ids::Ids;
use sqlx::PgPool;

use crate::client_auth::ClientAuth;
use crate::issuer::Issuer;
use crate::password::Passwords;
use crate::standing::Cache;
use crate::token::Mint;

/// The service's state. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The truth.
    pub db: PgPool,
    /// What may vanish.
    pub cache: Arc<dyn Cache>,
    /// The clock.
    pub clock: Clock,
    /// Ids and randomness.
    pub ids: Ids,
    /// Signs and reads tokens.
    pub mint: Mint,
    /// Knows the clients' secrets.
    pub clients: ClientAuth,
    /// Hashes passwords.
    pub passwords: Passwords,
}

impl App {
    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        self.mint.issuer()
    }
}
