//! The access token of a session, renewed when it is due.
//!
//! Invariant: one refresh in flight per session, and one that has begun is finished although its caller hangs up, so
//! that the new refresh token is never lost on our side.

use dapr_kit::{Token, UserGrant};
use secrecy::ExposeSecret as _;

use super::{Session, SessionError, SessionKey, Sessions};
use crate::sign_in::{Oidc, OidcError};

/// Why a session is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Its person did something.
    Person,
    /// A page of theirs is merely open.
    Background,
}

/// A grant that can't be had.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// There is no such session any more: the person has to sign in again.
    #[error("the session has ended")]
    Ended,
    /// The sessions can't be reached.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Identity can't be reached.
    #[error(transparent)]
    Identity(OidcError),
}

impl Sessions {
    /// What stands for the person of this session at identity, refreshed if due.
    pub async fn grant(
        &self,
        oidc: &Oidc,
        key: &SessionKey,
        activity: Activity,
    ) -> Result<UserGrant, GrantError> {
        let session = self.find(key).await?.ok_or(GrantError::Ended)?;
        if !session.is_due(self.now(), activity) {
            return Ok(user_grant(key, session));
        }
        let session = self.refresh(oidc, key, activity, None).await?;
        Ok(user_grant(key, session))
    }

    /// The same after identity refused the grant: refreshed, unless that has happened meanwhile.
    pub async fn renewed_grant(
        &self,
        oidc: &Oidc,
        key: &SessionKey,
        activity: Activity,
        refused: UserGrant,
    ) -> Result<UserGrant, GrantError> {
        let session = self.refresh(oidc, key, activity, Some(refused)).await?;
        Ok(user_grant(key, session))
    }

    async fn refresh(
        &self,
        oidc: &Oidc,
        key: &SessionKey,
        activity: Activity,
        refused: Option<UserGrant>,
    ) -> Result<Session, GrantError> {
        let (sessions, oidc, key) = (self.clone(), oidc.clone(), key.clone());
        let work = async move {
            let refresh = sessions.refresh_now(&oidc, &key, activity, refused.as_ref());
            sessions.flights.in_turn(&key, refresh).await
        };
        match tokio::spawn(tracing::Instrument::in_current_span(work)).await {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    async fn refresh_now(
        &self,
        oidc: &Oidc,
        key: &SessionKey,
        activity: Activity,
        refused: Option<&UserGrant>,
    ) -> Result<Session, GrantError> {
        // While we waited for our turn, another may have refreshed or ended it.
        let mut session = self.read(key).await?.ok_or(GrantError::Ended)?;
        let now = self.now();
        let is_refused = refused.is_some_and(|refused| {
            refused.access_token.expose() == session.grant.access_token.expose_secret()
        });
        if !session.is_due(now, activity) && !is_refused {
            return Ok(session);
        }
        match oidc
            .refresh(session.grant.refresh_token.expose_secret(), now)
            .await
        {
            Ok(grant) => session.grant = grant,
            Err(OidcError::Refused(reason)) => {
                tracing::info!(user.id = %session.person.id, reason, "a session ended: identity refused its refresh");
                self.end(key).await?;
                return Err(GrantError::Ended);
            }
            // An access token that is still good serves until identity is back.
            Err(error) if now < session.grant.expires_at && !is_refused => {
                tracing::warn!(%error, "a refresh has to wait");
                return Ok(session);
            }
            Err(error) => return Err(GrantError::Identity(error)),
        }
        if activity == Activity::Person {
            session.seen_at = now;
        }
        self.save(key, &session).await?;
        Ok(session)
    }
}

fn user_grant(key: &SessionKey, session: Session) -> UserGrant {
    UserGrant {
        session: key.as_str().to_owned(),
        access_token: Token::new(session.grant.access_token),
    }
}
