//! Our side of identity's authorization server.
//!
//! Invariant: the browser is sent to the public address; our own requests go by service invocation.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use dapr_kit::{DaprError, InvokeError, Secrets, Tokens};
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRequestTokenError,
    BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EndpointNotSet, EndpointSet, ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RefreshToken, RequestTokenError, RevocationUrl, Scope, StandardRevocableToken,
    StandardTokenResponse, TokenResponse as _, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::session::Grant;

/// Where identity sends the browser back to.
pub const CALLBACK: &str = "/api/session/callback";
/// A token that says no lifetime is taken for one of this length.
const SHORT: TimeDelta = TimeDelta::seconds(60);

/// What OpenID Connect adds to a token response.
#[derive(Debug, Serialize, Deserialize)]
struct OpenId {
    id_token: Option<String>,
}

impl ExtraTokenFields for OpenId {}

type Tokened = StandardTokenResponse<OpenId, BasicTokenType>;
type Registered = Client<
    BasicErrorResponse,
    Tokened,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
    EndpointSet,
>;

/// Identity did not do what we asked.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// It refused what was shown (`invalid_grant`): the code or the refresh token is not good any more.
    #[error("identity refused: {0}")]
    Refused(String),
    /// It could not be asked.
    #[error("identity can't be asked")]
    Invoke(#[from] InvokeError),
    /// It answered what no authorization server answers.
    #[error("identity's answer can't be read: {0}")]
    Malformed(String),
    /// Our client secret or addresses can't be used.
    #[error(transparent)]
    Config(#[from] DaprError),
}

/// What a code was good for.
pub struct Redeemed {
    /// To be kept.
    pub grant: Grant,
    /// Says who signed in; not yet verified.
    pub id_token: String,
}

/// We as a client of identity. Cheap to clone.
#[derive(Clone)]
pub struct Oidc {
    tokens: Tokens,
    client: Secrets,
    issuer: Arc<Url>,
}

/// An authorization request: where to send the browser, and the verifier that stays here.
pub struct Request {
    /// The authorization endpoint with its query.
    pub url: Url,
    /// The PKCE verifier.
    pub verifier: String,
}

impl Oidc {
    /// The client whose id and secret `client` holds, of the authorization server at `issuer`.
    #[must_use]
    pub fn new(tokens: Tokens, client: Secrets, issuer: Url) -> Self {
        Self {
            tokens,
            client,
            issuer: Arc::new(issuer),
        }
    }

    /// Prepares the authorization request with this state and nonce.
    pub fn authorize(&self, state: &str, nonce: &str) -> Result<Request, OidcError> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, _) = self
            .registered()?
            .authorize_url(|| CsrfToken::new(state.to_owned()))
            .add_scopes(["openid", "profile"].map(|scope| Scope::new(scope.to_owned())))
            .add_extra_param("nonce", nonce)
            .set_pkce_challenge(challenge)
            .url();
        Ok(Request {
            url,
            verifier: verifier.into_secret(),
        })
    }

    /// Redeems an authorization code.
    pub async fn redeem(
        &self,
        code: String,
        verifier: String,
        now: DateTime<Utc>,
    ) -> Result<Redeemed, OidcError> {
        let http = self.tokens.http();
        let answer = self
            .registered()?
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&http)
            .await
            .map_err(refusal)?;
        let id_token = answer.extra_fields().id_token.clone();
        let id_token =
            id_token.ok_or_else(|| OidcError::Malformed("there is no id_token".into()))?;
        Ok(Redeemed {
            grant: grant(&answer, now)?,
            id_token,
        })
    }

    /// Trades a refresh token for a new grant.
    pub async fn refresh(
        &self,
        refresh_token: &str,
        now: DateTime<Utc>,
    ) -> Result<Grant, OidcError> {
        let http = self.tokens.http();
        let refresh_token = RefreshToken::new(refresh_token.to_owned());
        let answer = self
            .registered()?
            .exchange_refresh_token(&refresh_token)
            .request_async(&http)
            .await
            .map_err(refusal)?;
        grant(&answer, now)
    }

    /// Revokes a refresh token, and with it the person's session at identity.
    pub async fn revoke(&self, refresh_token: &str) -> Result<(), OidcError> {
        let http = self.tokens.http();
        let token =
            StandardRevocableToken::RefreshToken(RefreshToken::new(refresh_token.to_owned()));
        self.registered()?
            .revoke_token(token)
            .map_err(|error| DaprError::Config(error.to_string()))?
            .request_async(&http)
            .await
            .map_err(|error| match error {
                RequestTokenError::Request(error) => OidcError::Invoke(error),
                RequestTokenError::ServerResponse(refusal) => {
                    OidcError::Refused(refusal.error().to_string())
                }
                other => OidcError::Malformed(other.to_string()),
            })
    }

    fn registered(&self) -> Result<Registered, OidcError> {
        let unusable = |error: url::ParseError| DaprError::Config(error.to_string());
        let public = |path: &str| self.issuer.join(path).map_err(unusable);
        let secret = self.client.current();
        // Of the two addresses that we ask ourselves only the path counts: the requests travel by invocation.
        let own = |path: &str| public(path).map(String::from);
        Ok(
            Client::new(ClientId::new(secret.require("client_id")?.to_owned()))
                .set_client_secret(ClientSecret::new(
                    secret.require("client_secret")?.to_owned(),
                ))
                .set_auth_type(AuthType::BasicAuth)
                .set_auth_uri(AuthUrl::from_url(public("/oauth2/authorize")?))
                .set_redirect_uri(RedirectUrl::from_url(public(CALLBACK)?))
                .set_token_uri(TokenUrl::new(own("/oauth2/token")?).map_err(unusable)?)
                .set_revocation_url(RevocationUrl::new(own("/oauth2/revoke")?).map_err(unusable)?),
        )
    }
}

fn grant(answer: &Tokened, now: DateTime<Utc>) -> Result<Grant, OidcError> {
    let lifetime = answer
        .expires_in()
        .and_then(|lifetime| TimeDelta::from_std(lifetime).ok())
        .unwrap_or(SHORT);
    let refresh_token = answer
        .refresh_token()
        .ok_or_else(|| OidcError::Malformed("there is no refresh_token".into()))?;
    Ok(Grant {
        access_token: answer.access_token().secret().clone().into(),
        expires_at: now + lifetime,
        refresh_token: refresh_token.secret().clone().into(),
    })
}

fn refusal(error: BasicRequestTokenError<InvokeError>) -> OidcError {
    match error {
        RequestTokenError::Request(error) => OidcError::Invoke(error),
        RequestTokenError::ServerResponse(refusal) => match refusal.error() {
            BasicErrorResponseType::InvalidGrant => OidcError::Refused(refusal.error().to_string()),
            // Not the person's fault: our own credentials or requests are not what identity expects.
            other => OidcError::Malformed(other.to_string()),
        },
        other => OidcError::Malformed(other.to_string()),
    }
}
