//! The client for itself (RFC 6749 §4.4), towards one audience.
//!
//! Invariant: no audience and no scope beyond the registry.

use crate::client::Client;
use crate::error::OAuthError;
use crate::ops::token::{Answer, Holder, Issue, issue};
use crate::params::Params;
use crate::state::App;

/// Issues a token for the client itself.
pub fn run(app: &App, client: &Client, params: &Params) -> Result<Answer, OAuthError> {
    let audience = params
        .one("audience")?
        .ok_or(OAuthError::InvalidRequest("audience is missing"))?;
    let scopes = client
        .own_scopes(audience)
        .ok_or(OAuthError::InvalidTarget)?
        .narrowed(params.one("scope")?)
        .ok_or(OAuthError::InvalidScope)?;
    let order = Issue {
        audience,
        scopes: &scopes,
        access: app.ids.next(),
        holder: Holder::Client,
    };
    issue(app, client, &order)
}
