//! Tokens that registered clients bring.
//!
//! Invariant: a token is verified here, for the very service that is asked, before anything is counted or passed on by
//! it; the service verifies it again and decides. Tokens of the platform's own clients are not for the outside.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use dapr_kit::{Dapr, Token};
use service::auth::{self, Verifier};
use service::clock::Clock;
use service::problem::Problem;
use uuid::Uuid;

use crate::config::{IDENTITY, JWKS};
use crate::ops::pass_bearer::TABLE;

/// Verifies tokens, by the service that they are for. Cheap to clone.
#[derive(Clone)]
pub struct Bearers(Arc<HashMap<&'static str, Verifier>>);

/// A client that proved which one it is.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Its id.
    pub client: String,
    /// Its token.
    pub token: Token,
}

impl Bearers {
    /// One for each service that registered clients reach.
    #[must_use]
    pub fn new(dapr: &Dapr, clock: &Clock, issuer: &str) -> Self {
        let verifier = |app| {
            let clock = clock.clone();
            Verifier::remote(dapr.clone(), IDENTITY, JWKS, issuer, app, clock)
        };
        let apps = TABLE.iter().map(|(_, row)| row.app);
        Self(Arc::new(apps.map(|app| (app, verifier(app))).collect()))
    }

    /// The client that a request's token proves, towards `app`.
    pub async fn caller(&self, app: &str, headers: &HeaderMap) -> Result<Caller, Problem> {
        let verifier = self.0.get(app).ok_or_else(auth::invalid_token)?;
        let client = verifier.authenticate(headers).await?.client_id;
        // Registered clients have a UUID, and none of ours has.
        if Uuid::try_parse(&client).is_err() {
            return Err(auth::invalid_token());
        }
        let sent = headers
            .get(AUTHORIZATION)
            .and_then(|sent| sent.to_str().ok());
        let (_, token) = sent
            .and_then(|sent| sent.split_once(' '))
            .ok_or_else(auth::unauthenticated)?;
        Ok(Caller {
            client,
            token: Token::new(token.trim().to_owned()),
        })
    }
}
