//! What every handler works with.
//!
//! Invariant: one of each; clones share.

use std::sync::Arc;

use axum::http::HeaderMap;
use dapr_kit::{Dapr, Secrets, Token, TokenError, Tokens};
use service::clock::Clock;
use service::ids::Ids;
use url::Url;

use crate::catalogue::Catalogue;
use crate::config::IDENTITY;
use crate::cookies;
use crate::error::Error;
use crate::limits::{Counter, Limits};
use crate::live::Hub;
use crate::perimeter::bearers::Bearers;
use crate::perimeter::headers::Protective;
use crate::seal::Sealer;
use crate::session::{Activity, SessionId, SessionKey, Sessions, StateStore};
use crate::shelf::{DurableStore, Shelf};
use crate::sign_in::{IdTokens, Oidc};

/// The application. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Our sidecar.
    pub dapr: Dapr,
    /// Tokens for calls.
    pub tokens: Tokens,
    /// Signed-in browsers.
    pub sessions: Sessions,
    /// Baskets and favourites.
    pub shelf: Shelf,
    /// What keeps sign-ins closed on their way.
    pub sealer: Sealer,
    /// We as identity's client.
    pub oidc: Oidc,
    /// Who verifies who signed in.
    pub id_tokens: IdTokens,
    /// Who verifies the tokens of registered clients.
    pub bearers: Bearers,
    /// Stores and menus.
    pub catalogue: Catalogue,
    /// How much one caller may ask for.
    pub limits: Limits,
    /// Open streams.
    pub hub: Hub,
    /// What every answer carries.
    pub protective: Protective,
    /// The public address.
    pub public: Public,
    /// The time.
    pub clock: Clock,
    /// Ids and randomness.
    pub ids: Ids,
}

/// The public address, as browsers and tokens write it.
#[derive(Clone, Debug)]
pub struct Public {
    /// Without a trailing slash: the issuer of all tokens.
    pub issuer: Arc<str>,
    /// Scheme, host and port.
    pub origin: Arc<str>,
}

impl Public {
    /// The platform at this address.
    #[must_use]
    pub fn new(address: &Url) -> Self {
        Self {
            issuer: address.as_str().trim_end_matches('/').into(),
            origin: address.origin().ascii_serialization().into(),
        }
    }
}

/// What an [`App`] is made of.
pub struct Parts {
    /// Our sidecar.
    pub dapr: Dapr,
    /// Our client id and secret at identity.
    pub client: Secrets,
    /// Keeps sessions and sign-ins closed.
    pub sealer: Sealer,
    /// Where sessions are kept.
    pub store: Arc<dyn StateStore>,
    /// Where limits are counted that all replicas share.
    pub counter: Arc<dyn Counter>,
    /// Where baskets and favourites are kept.
    pub shelf: Arc<dyn DurableStore>,
    /// How many times as wide as their table says all limits are.
    pub rate_factor: u32,
    /// The time.
    pub clock: Clock,
    /// Where browsers reach us.
    pub address: Url,
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts {
            dapr,
            client,
            sealer,
            store,
            counter,
            shelf,
            rate_factor,
            clock,
            address,
        } = parts;
        let ids = Ids::new(clock.clone());
        let tokens = Tokens::new(dapr.clone(), IDENTITY, client.clone());
        let public = Public::new(&address);
        let protective = Protective::of(&address);
        Self {
            sessions: Sessions::new(store, sealer.clone(), clock.clone(), ids.clone()),
            shelf: Shelf::new(shelf),
            id_tokens: IdTokens::new(dapr.clone(), clock.clone(), &public.issuer),
            bearers: Bearers::new(&dapr, &clock, &public.issuer),
            catalogue: Catalogue::new(
                dapr.clone(),
                tokens.clone(),
                clock.clone(),
                protective.clone(),
            ),
            limits: Limits::new(counter, rate_factor),
            hub: Hub::new(),
            oidc: Oidc::new(tokens.clone(), client, address),
            dapr,
            tokens,
            sealer,
            protective,
            public,
            clock,
            ids,
        }
    }

    /// The session that a request's cookie names. Whether it still stands shows when it is used.
    pub fn session_of(&self, headers: &HeaderMap) -> Result<SessionKey, Error> {
        let id = cookies::read(headers, cookies::SESSION).and_then(SessionId::parse);
        id.map(|id| id.key()).ok_or(Error::NotSignedIn)
    }

    /// A token to act for the person of this session towards `audience`.
    pub async fn user_token(
        &self,
        session: &SessionKey,
        audience: &str,
        activity: Activity,
    ) -> Result<Token, Error> {
        let grant = self.sessions.grant(&self.oidc, session, activity).await?;
        match self.tokens.for_user(&grant, audience).await {
            Err(TokenError::Refused(_)) => {
                let grant = self
                    .sessions
                    .renewed_grant(&self.oidc, session, activity, grant)
                    .await?;
                self.tokens
                    .for_user(&grant, audience)
                    .await
                    .map_err(Error::Token)
            }
            outcome => outcome.map_err(Error::Token),
        }
    }
}
