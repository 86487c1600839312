//! What every operation works with.
//!
//! Invariant: time, ids and randomness come from here alone.

use std::sync::Arc;

use outbox::Waker;
use service::auth::Verifier;
use service::clock::Clock;
use service::ids::Ids;
use sqlx::PgPool;

use crate::client_auth::ClientAuth;
use crate::federation::Federation;
use crate::issuer::Issuer;
use crate::password::Passwords;
use crate::sealed::Sealer;
use crate::second_factor::Policy;
use crate::standing::Cache;
use crate::token::Mint;

/// The audience of tokens for this server's own routes.
const AUDIENCE: &str = "identity";

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
    /// Seals the secrets of second factors.
    pub sealer: Sealer,
    /// Who needs a second factor.
    pub second_factor: Policy,
    /// The other providers that sign people in.
    pub federation: Federation,
    /// To be woken after each commit that appended events.
    pub outbox: Waker,
}

impl App {
    /// Verifies the tokens that this server issued for itself, by the keys that it has now.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        let keys = self.mint.keys().clone();
        let find = move |kid: &str| Some(keys.current().find(kid)?.verifying().clone());
        Verifier::own(find, self.issuer().as_str(), AUDIENCE, self.clock.clone())
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        self.mint.issuer()
    }
}
