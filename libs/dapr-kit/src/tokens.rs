//! Access tokens for calls to other applications: for ourselves, or for a person who is signed in.
//!
//! Each token names one audience. It is kept in memory until 30 seconds before it expires, and one
//! request at a time fetches it, however many callers wait.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use oauth2::basic::{BasicClient, BasicRequestTokenError};
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse,
    RequestTokenError, TokenResponse as _, TokenUrl,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::invoke::InvokeError;
use crate::secrets::Secrets;
use crate::sidecar::{Dapr, DaprError};

/// A token is given up this long before it expires, so that none runs out on its way.
const MARGIN: Duration = Duration::from_secs(30);
/// The token endpoint's path at the identity service.
const TOKEN_PATH: &str = "/oauth2/token";
/// More cached tokens than this, and the expired ones are dropped.
const SWEEP_ABOVE: usize = 1024;

/// A bearer token. `Debug` hides it.
#[derive(Clone, Debug)]
pub struct Token(SecretString);

impl Token {
    /// Wraps the text of a token.
    #[must_use]
    pub fn new(text: impl Into<SecretString>) -> Self {
        Self(text.into())
    }

    /// The token's text, to be sent and never logged.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// What stands for a signed-in person: the session's key and the access token that was issued to us for it.
#[derive(Clone, Debug)]
pub struct UserGrant {
    /// Names the session in the cache; two sessions never share tokens.
    pub session: String,
    /// The session's access token, with ourselves as its audience.
    pub access_token: Token,
}

/// A token that could not be had.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The identity service refused: for a person's token, the session has ended.
    #[error("the identity service refused a token: {0}")]
    Refused(String),
    /// The person may do nothing at that audience (`invalid_scope`).
    #[error("the person has no business at {0}")]
    Forbidden(String),
    /// The identity service could not be asked.
    #[error(transparent)]
    Invoke(#[from] InvokeError),
    /// Our own client credentials are unusable.
    #[error(transparent)]
    Credentials(#[from] DaprError),
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    session: Option<String>,
    audience: String,
}

struct Cached {
    token: Token,
    good_until: Instant,
}

type Slot = Arc<tokio::sync::Mutex<Option<Cached>>>;

/// Fetches and caches tokens of the identity service. Cheap to clone.
#[derive(Clone)]
pub struct Tokens {
    dapr: Dapr,
    identity: Arc<str>,
    client: Secrets,
    slots: Arc<Mutex<HashMap<Key, Slot>>>,
}

impl Tokens {
    /// Tokens issued by the application `identity` to the client whose `client_id` and `client_secret` `client` holds.
    #[must_use]
    pub fn new(dapr: Dapr, identity: &str, client: Secrets) -> Self {
        Self {
            dapr,
            identity: identity.into(),
            client,
            slots: Arc::default(),
        }
    }

    /// A token for ourselves (`client_credentials`, RFC 6749 §4.4) towards `audience`.
    pub async fn for_self(&self, audience: &str) -> Result<Token, TokenError> {
        let key = Key {
            session: None,
            audience: audience.to_owned(),
        };
        self.cached(key, async {
            let http = self.http();
            let client = self.client()?;
            let answer = client
                .exchange_client_credentials()
                .add_extra_param("audience", audience)
                .request_async(&http)
                .await
                .map_err(|error| refusal(error, &self.identity))?;
            let lifetime = answer.expires_in().unwrap_or_default();
            Ok((Token::new(answer.access_token().secret().clone()), lifetime))
        })
        .await
    }

    /// A token for the person behind `grant` towards `audience` (token exchange, RFC 8693): `sub` is the
    /// person, `act.sub` ourselves.
    pub async fn for_user(&self, grant: &UserGrant, audience: &str) -> Result<Token, TokenError> {
        let key = Key {
            session: Some(grant.session.clone()),
            audience: audience.to_owned(),
        };
        self.cached(key, async {
            #[derive(Deserialize)]
            struct Exchanged {
                access_token: String,
                expires_in: u64,
            }
            #[derive(Deserialize)]
            struct Refusal {
                error: String,
            }
            let client = self.client.current();
            let reply = self
                .dapr
                .invoke(&self.identity, Method::POST, TOKEN_PATH)
                .basic_auth(
                    client.require("client_id")?,
                    client.require("client_secret")?,
                )
                .form(&[
                    (
                        "grant_type",
                        "urn:ietf:params:oauth:grant-type:token-exchange",
                    ),
                    ("subject_token", grant.access_token.expose()),
                    (
                        "subject_token_type",
                        "urn:ietf:params:oauth:token-type:access_token",
                    ),
                    ("audience", audience),
                ])
                .send()
                .await?;
            match reply.status {
                StatusCode::OK => {}
                StatusCode::BAD_REQUEST
                    if reply
                        .json::<Refusal>()
                        .is_ok_and(|body| body.error == "invalid_scope") =>
                {
                    return Err(TokenError::Forbidden(audience.to_owned()));
                }
                refused if refused.is_client_error() => {
                    return Err(TokenError::Refused(refused.to_string()));
                }
                other => return Err(malformed(&self.identity, other.to_string())),
            }
            let exchanged: Exchanged = reply.json()?;
            Ok((
                Token::new(exchanged.access_token),
                Duration::from_secs(exchanged.expires_in),
            ))
        })
        .await
    }

    /// Drops what is cached for a session that has ended.
    pub fn forget(&self, session: &str) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|key, _| key.session.as_deref() != Some(session));
    }

    /// The HTTP client of the `oauth2` crate that reaches the identity service by invocation.
    #[must_use]
    pub fn http(&self) -> InvokeHttp {
        InvokeHttp {
            dapr: self.dapr.clone(),
            app: self.identity.clone(),
        }
    }

    fn client(&self) -> Result<TokenClient, TokenError> {
        let client = self.client.current();
        // Only the path counts: the request travels by invocation.
        let token_url = TokenUrl::new(format!("http://{}{TOKEN_PATH}", self.identity))
            .map_err(|error| DaprError::Config(error.to_string()))?;
        Ok(
            BasicClient::new(ClientId::new(client.require("client_id")?.to_owned()))
                .set_client_secret(ClientSecret::new(
                    client.require("client_secret")?.to_owned(),
                ))
                .set_auth_type(AuthType::BasicAuth)
                .set_token_uri(token_url),
        )
    }

    async fn cached(
        &self,
        key: Key,
        fetch: impl Future<Output = Result<(Token, Duration), TokenError>>,
    ) -> Result<Token, TokenError> {
        let slot = self.slot(key);
        let mut slot = slot.lock().await;
        if let Some(cached) = &*slot
            && Instant::now() < cached.good_until
        {
            return Ok(cached.token.clone());
        }
        let (token, lifetime) = fetch.await?;
        let good_until = Instant::now() + lifetime.saturating_sub(MARGIN);
        *slot = Some(Cached {
            token: token.clone(),
            good_until,
        });
        Ok(token)
    }

    fn slot(&self, key: Key) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() > SWEEP_ABOVE {
            let now = Instant::now();
            // A slot that is locked is in use and stays.
            slots.retain(|_, slot| {
                slot.try_lock().map_or(true, |slot| {
                    slot.as_ref().is_some_and(|cached| now < cached.good_until)
                })
            });
        }
        slots.entry(key).or_default().clone()
    }
}

type TokenClient = BasicClient<
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointSet,
>;

fn refusal(error: BasicRequestTokenError<InvokeError>, identity: &str) -> TokenError {
    match error {
        RequestTokenError::Request(error) => TokenError::Invoke(error),
        RequestTokenError::ServerResponse(refusal) => {
            TokenError::Refused(refusal.error().to_string())
        }
        // An answer that is no OAuth answer: the identity service is in trouble, not our credentials.
        other => malformed(identity, other.to_string()),
    }
}

fn malformed(identity: &str, reason: String) -> TokenError {
    TokenError::Invoke(InvokeError::Malformed {
        app: identity.to_owned(),
        reason,
    })
}

/// An HTTP client for the `oauth2` crate: each request becomes an invocation of one application,
/// by the path and query of its address alone.
#[derive(Clone)]
pub struct InvokeHttp {
    dapr: Dapr,
    app: Arc<str>,
}

impl<'c> AsyncHttpClient<'c> for InvokeHttp {
    type Error = InvokeError;
    type Future =
        Pin<Box<dyn Future<Output = Result<HttpResponse, InvokeError>> + Send + Sync + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let call = self
            .dapr
            .invoke(&self.app, head.method, path)
            .headers(head.headers)
            .body(body);
        Box::pin(async move {
            let reply = call.send().await?;
            let mut response = HttpResponse::new(reply.body.to_vec());
            *response.status_mut() = reply.status;
            *response.headers_mut() = reply.headers;
            Ok(response)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Secret;
    use crate::sidecar::DaprConfig;
    use wiremock::matchers::{body_string_contains, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    async fn identity(lifetime: u64) -> (MockServer, Tokens) {
        let sidecar = MockServer::start().await;
        let answer = serde_json::json!({
            "access_token": "issued", "token_type": "Bearer", "expires_in": lifetime
        });
        Mock::given(method("POST"))
            .and(path("/v1.0/invoke/identity/method/oauth2/token"))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .mount(&sidecar)
            .await;
        let base = sidecar.uri().parse::<url::Url>().expect("an address");
        let dapr = Dapr::connect(&DaprConfig {
            http: base.clone(),
            grpc: base,
            api_token: None,
        })
        .expect("a usable configuration");
        let client = HashMap::from([
            ("client_id".to_owned(), "bff".to_owned()),
            ("client_secret".to_owned(), "hush".to_owned()),
        ]);
        let client = Secrets::fixed(Secret::new("client", client));
        (sidecar, Tokens::new(dapr, "identity", client))
    }

    async fn requests(server: &MockServer) -> usize {
        server
            .received_requests()
            .await
            .map_or(0, |seen| seen.len())
    }

    #[tokio::test]
    async fn many_callers_cause_one_request_per_audience() {
        let (server, tokens) = identity(300).await;
        let mut calls = tokio::task::JoinSet::new();
        for audience in ["order", "catalog"].repeat(20) {
            let tokens = tokens.clone();
            calls.spawn(async move { tokens.for_self(audience).await });
        }
        for answer in calls.join_all().await {
            assert_eq!(answer.expect("a token").expose(), "issued");
        }
        assert_eq!(requests(&server).await, 2);
    }

    #[tokio::test]
    async fn a_token_that_is_about_to_expire_is_fetched_again() {
        let (server, tokens) = identity(30).await;
        for _ in 0..2 {
            tokens.for_self("order").await.expect("a token");
        }
        assert_eq!(requests(&server).await, 2);
    }

    #[tokio::test]
    async fn sessions_do_not_share_tokens_and_can_be_forgotten() {
        let (server, tokens) = identity(300).await;
        let grant = |session: &str| UserGrant {
            session: session.to_owned(),
            access_token: Token::new(format!("of-{session}")),
        };
        Mock::given(body_string_contains("subject_token=of-b"))
            .respond_with(ResponseTemplate::new(400))
            .with_priority(1)
            .mount(&server)
            .await;
        tokens
            .for_user(&grant("a"), "order")
            .await
            .expect("a token");
        tokens
            .for_user(&grant("a"), "order")
            .await
            .expect("the cached one");
        assert_eq!(requests(&server).await, 1);
        Mock::given(body_string_contains("audience=payment"))
            .respond_with(
                ResponseTemplate::new(400)
                    .set_body_json(serde_json::json!({ "error": "invalid_scope" })),
            )
            .with_priority(1)
            .mount(&server)
            .await;
        let forbidden = tokens.for_user(&grant("a"), "payment").await;
        assert!(
            matches!(forbidden, Err(TokenError::Forbidden(_))),
            "{forbidden:?}"
        );
        let refused = tokens.for_user(&grant("b"), "order").await;
        assert!(
            matches!(refused, Err(TokenError::Refused(_))),
            "{refused:?}"
        );
        tokens.forget("a");
        tokens
            .for_user(&grant("a"), "order")
            .await
            .expect("a token");
        assert_eq!(requests(&server).await, 4);
    }
}
