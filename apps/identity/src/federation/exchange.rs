//! The conversation with a provider: where to send the browser, and what its answer is worth.
//!
//! Invariant: nobody is believed before signature and claims of the ID token were verified; what userinfo adds is about
//! the same subject.

use std::time::Duration;

use chrono::{DateTime, Utc};
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
    BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AccessToken, AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EndpointNotSet, EndpointSet, ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RequestTokenError, Scope, StandardRevocableToken, StandardTokenResponse,
    TokenResponse as _, TokenUrl,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use url::Url;

use super::discovery::Metadata;
use super::http::HttpError;
use super::id_token::{self, Expected};
use super::request::{FRESH, Tie};
use super::{Federation, FederationError, Provider};

/// Our whole conversation with a provider ends before the BFF gives up waiting for us.
const PATIENCE: Duration = Duration::from_secs(8);

/// Whom a provider vouches for.
#[derive(Debug)]
pub struct Subject {
    /// Her id there.
    pub id: String,
    /// When she signed in there, if the provider says so.
    pub authenticated_at: Option<DateTime<Utc>>,
    /// Her address, if the provider knows that it is hers.
    pub verified_email: Option<String>,
    /// What she is called.
    pub name: Option<String>,
    /// Opens what the ID token did not say of her address.
    access: Option<AccessToken>,
}

/// What came back by the browser.
pub struct Answer<'a> {
    /// The authorization code.
    pub code: &'a str,
    /// Who says it comes from it (RFC 9207).
    pub issuer: Option<&'a str>,
    /// Where we said it is to come.
    pub redirect_uri: &'a str,
    /// The browser's tie.
    pub tie: &'a Tie,
    /// She must have signed in just now.
    pub fresh: bool,
}

/// What OpenID Connect adds to a token response.
#[derive(Debug, Serialize, Deserialize)]
struct OpenId {
    id_token: Option<String>,
}

impl ExtraTokenFields for OpenId {}

type Registered = Client<
    BasicErrorResponse,
    StandardTokenResponse<OpenId, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    email: Option<String>,
    email_verified: Option<bool>,
    name: Option<String>,
}

impl Federation {
    /// Where to send the browser with this tie.
    pub async fn authorization(
        &self,
        provider: &Provider,
        redirect_uri: &str,
        tie: &Tie,
        fresh: bool,
    ) -> Result<Url, FederationError> {
        let metadata = in_time(self.metadata(provider)).await?;
        let verifier = PkceCodeVerifier::new(tie.verifier());
        let client = registered(provider, &metadata, redirect_uri)?;
        let mut request = client
            .authorize_url(|| CsrfToken::new(tie.state()))
            .add_scopes(["openid", "email", "profile"].map(|scope| Scope::new(scope.to_owned())))
            .add_extra_param("nonce", tie.nonce())
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if fresh {
            request = request.add_extra_param("max_age", FRESH.num_seconds().to_string());
        }
        Ok(request.url().0)
    }

    /// Whether an authorization response may come from this provider (RFC 9207).
    pub async fn may_come_from(
        &self,
        provider: &Provider,
        issuer: Option<&str>,
    ) -> Result<(), FederationError> {
        let metadata = in_time(self.metadata(provider)).await?;
        let right = issuer.map_or(!metadata.names_itself, |issuer| issuer == provider.issuer);
        right
            .then_some(())
            .ok_or(FederationError::Refused("iss parameter"))
    }

    /// Whom the provider vouches for by this answer.
    pub async fn vouched(
        &self,
        provider: &Provider,
        answer: &Answer<'_>,
    ) -> Result<Subject, FederationError> {
        in_time(self.redeem(provider, answer)).await
    }

    async fn redeem(
        &self,
        provider: &Provider,
        answer: &Answer<'_>,
    ) -> Result<Subject, FederationError> {
        self.may_come_from(provider, answer.issuer).await?;
        let metadata = self.metadata(provider).await?;
        let tokens = registered(provider, &metadata, answer.redirect_uri)?
            .exchange_code(AuthorizationCode::new(answer.code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(answer.tie.verifier()))
            .request_async(&self.http)
            .await
            .map_err(refusal)?;
        let token = tokens.extra_fields().id_token.as_deref();
        let token = token.ok_or(FederationError::Malformed("ID token"))?;
        let header = id_token::header(token)?;
        let key = self.key(provider, &metadata, &header).await?;
        let expected = Expected {
            provider,
            nonce: &answer.tie.nonce(),
            fresh: answer.fresh,
            now: self.clock.now(),
        };
        let claims = id_token::verify(token, &key, &expected)?;
        let access = claims.email.is_none();
        Ok(Subject {
            id: claims.sub,
            authenticated_at: claims
                .auth_time
                .and_then(|at| DateTime::from_timestamp(at, 0)),
            verified_email: verified(claims.email_verified, claims.email),
            name: claims.name,
            access: access.then(|| tokens.access_token().clone()),
        })
    }

    /// The same person with address and name: who says nothing of them in the ID token may say it at the userinfo
    /// endpoint (Core §5.4).
    pub async fn with_profile(
        &self,
        provider: &Provider,
        subject: Subject,
    ) -> Result<Subject, FederationError> {
        in_time(self.profile(provider, subject)).await
    }

    async fn profile(
        &self,
        provider: &Provider,
        mut subject: Subject,
    ) -> Result<Subject, FederationError> {
        let metadata = self.metadata(provider).await?;
        if let (Some(access), Some(address)) = (&subject.access, &metadata.userinfo_endpoint) {
            let more: UserInfo = self.http.json(address, Some(access.secret())).await?;
            if more.sub != subject.id {
                return Err(FederationError::Refused("userinfo"));
            }
            subject.verified_email = verified(more.email_verified, more.email);
            subject.name = subject.name.or(more.name);
        }
        Ok(subject)
    }
}

fn verified(verified: Option<bool>, email: Option<String>) -> Option<String> {
    email.filter(|_| verified == Some(true))
}

fn registered(
    provider: &Provider,
    metadata: &Metadata,
    redirect_uri: &str,
) -> Result<Registered, FederationError> {
    let redirect = RedirectUrl::new(redirect_uri.to_owned())
        .map_err(|_| FederationError::Malformed("redirect URI"))?;
    let secret = provider.client_secret.expose_secret().to_owned();
    let auth_type = if metadata.secret_in_form {
        AuthType::RequestBody
    } else {
        AuthType::BasicAuth
    };
    Ok(Client::new(ClientId::new(provider.client_id.clone()))
        .set_client_secret(ClientSecret::new(secret))
        .set_auth_type(auth_type)
        .set_redirect_uri(redirect)
        .set_auth_uri(AuthUrl::from_url(metadata.authorization_endpoint.clone()))
        .set_token_uri(TokenUrl::from_url(metadata.token_endpoint.clone())))
}

fn refusal(error: RequestTokenError<HttpError, BasicErrorResponse>) -> FederationError {
    match error {
        RequestTokenError::Request(error) => FederationError::Away(error),
        RequestTokenError::ServerResponse(refusal) => match refusal.error() {
            BasicErrorResponseType::InvalidGrant => FederationError::Refused("code"),
            // Our credentials are not what the provider expects: nobody's fault who wants to sign in.
            _ => FederationError::Malformed("token response"),
        },
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            FederationError::Malformed("token response")
        }
    }
}

/// Gives a conversation up before those who wait for us do.
async fn in_time<T>(
    conversation: impl Future<Output = Result<T, FederationError>>,
) -> Result<T, FederationError> {
    tokio::time::timeout(PATIENCE, conversation)
        .await
        .unwrap_or(Err(FederationError::Malformed("pace")))
}
