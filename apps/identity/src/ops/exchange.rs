//! Token exchange (RFC 8693): a client acts for a person towards another audience.
//!
//! Invariant: only a token that was issued to this very client, from a grant that still stands, gives another; and
//! what it gives is what the person's roles allow there at this moment, never more. A client of another company gets of
//! that what its person allowed and its registration still has.

use crate::client::Client;
use crate::error::OAuthError;
use crate::ops::token::{ACCESS_TOKEN_TYPE, Answer, Holder, Issue, issue};
use crate::params::Params;
use crate::role;
use crate::scope::Scopes;
use crate::standing;
use crate::state::App;

const ENDED: OAuthError =
    OAuthError::InvalidGrant("the subject token is not valid, or its session has ended");

/// Exchanges a subject token.
pub async fn run(app: &App, client: &Client, params: &Params) -> Result<Answer, OAuthError> {
    let subject = params
        .one("subject_token")?
        .ok_or(OAuthError::InvalidRequest("subject_token is missing"))?;
    for (name, must) in [
        ("subject_token_type", true),
        ("requested_token_type", false),
    ] {
        match params.one(name)? {
            Some(ACCESS_TOKEN_TYPE) => {}
            None if !must => {}
            _ => {
                return Err(OAuthError::InvalidRequest(
                    "only access tokens are exchanged",
                ));
            }
        }
    }
    if params.one("actor_token")?.is_some() || params.one("actor_token_type")?.is_some() {
        return Err(OAuthError::InvalidRequest("the actor is the client itself"));
    }
    if params.one("resource")?.is_some() {
        return Err(OAuthError::InvalidTarget);
    }
    let audience = params
        .one("audience")?
        .ok_or(OAuthError::InvalidRequest("audience is missing"))?;
    if !client.acts_towards(audience) {
        return Err(OAuthError::InvalidTarget);
    }

    let claims = app.mint.read(subject, app.clock.now()).map_err(|_| ENDED)?;
    let grant = claims.person.and_then(|person| person.grant);
    let Some(grant) = grant.filter(|_| claims.client_id == client.id()) else {
        return Err(ENDED);
    };
    let standing = standing::of_grant(app, grant, claims.jti)
        .await?
        .ok_or(ENDED)?;
    let roles_give = role::scopes_for(&standing.roles, audience);
    let allowed = match client.foreign() {
        None => roles_give,
        Some(_) => roles_give
            .intersection(&Scopes::parse(&claims.scope))
            .intersection(&client.asks_for()),
    };
    let scopes = allowed
        .narrowed(params.one("scope")?)
        .filter(|scopes| !scopes.is_empty())
        .ok_or(OAuthError::InvalidScope)?;
    let order = Issue {
        audience,
        scopes: &scopes,
        access: app.ids.next(),
        holder: Holder::Delegated(&standing, grant),
    };
    let mut answer = issue(app, client, &order)?;
    answer.issued_token_type = Some(ACCESS_TOKEN_TYPE);
    Ok(answer)
}
