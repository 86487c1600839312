//! One connection to the vault, and its failures in words that hold no secret.
//!
//! Answers and serde's messages may quote values, so an error keeps only the action, the status and the vault's own reasons.

use std::{error::Error, sync::Arc, time::Duration};

use reqwest::{Method, redirect};
use rustify::{Endpoint, errors::ClientError as RestError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;
use vaultrs::{
    api,
    client::{VaultClient, VaultClientSettingsBuilder},
    error::ClientError,
};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A call that didn't give what was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// No connection, or none that lasted.
    #[error("cannot {action}: the vault does not answer ({reason})")]
    Unreachable {
        /// What was tried.
        action: &'static str,
        /// The innermost cause.
        reason: String,
    },
    /// An answer of 4xx or 5xx.
    #[error("cannot {action}: the vault answered {code} ({reasons})")]
    Refused {
        /// What was tried.
        action: &'static str,
        /// The HTTP status.
        code: u16,
        /// What the vault said about it.
        reasons: String,
    },
    /// An answer that isn't what the API promises.
    #[error("cannot {action}: the vault's answer makes no sense")]
    Unreadable {
        /// What was tried.
        action: &'static str,
    },
    /// A condition that didn't come true in time.
    #[error("the vault did not {action} within {} s", limit.as_secs())]
    Late {
        /// What was waited for.
        action: &'static str,
        /// How long.
        limit: Duration,
    },
    /// No client could be built.
    #[error("cannot set up the connection to the vault")]
    Setup,
}

impl VaultError {
    /// The HTTP status, where there was one.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }
}

/// The vault as one token (or none) sees it.
pub struct Vault {
    client: VaultClient,
}

impl Vault {
    /// A connection without a token.
    pub fn at(address: &Url) -> Result<Self, VaultError> {
        Self::connection(address, "")
    }

    /// The same vault, seen with a token.
    pub fn with_token(&self, token: &SecretString) -> Result<Self, VaultError> {
        Self::connection(&self.client.settings.address, token.expose_secret())
    }

    /// What vaultrs's own functions take.
    pub fn client(&self) -> &VaultClient {
        &self.client
    }

    /// Calls an endpoint whose answer is wrapped in `data`.
    pub async fn call<E>(
        &self,
        action: &'static str,
        endpoint: E,
    ) -> Result<E::Response, VaultError>
    where
        E: Endpoint,
        E::Response: DeserializeOwned,
    {
        api::exec_with_result(&self.client, endpoint)
            .await
            .map_err(failed(action))
    }

    /// Calls an endpoint that answers without a wrapper.
    pub async fn call_bare<E>(
        &self,
        action: &'static str,
        endpoint: E,
    ) -> Result<E::Response, VaultError>
    where
        E: Endpoint,
    {
        api::exec_with_no_result(&self.client, endpoint)
            .await
            .map_err(failed(action))
    }

    /// Calls an endpoint that answers nothing.
    pub async fn tell<E: Endpoint>(
        &self,
        action: &'static str,
        endpoint: E,
    ) -> Result<(), VaultError> {
        api::exec_with_empty(&self.client, endpoint)
            .await
            .map_err(failed(action))
    }

    /// Fetches bytes that are not JSON.
    pub async fn download(&self, action: &'static str, path: &str) -> Result<Vec<u8>, VaultError> {
        let answer = self.raw(action, Method::GET, path, Vec::new()).await?;
        let bytes = answer.bytes().await.map_err(unreachable(action))?;
        Ok(bytes.into())
    }

    /// Sends bytes that are not JSON.
    pub async fn upload(
        &self,
        action: &'static str,
        path: &str,
        bytes: Vec<u8>,
    ) -> Result<(), VaultError> {
        self.raw(action, Method::POST, path, bytes).await.map(drop)
    }

    async fn raw(
        &self,
        action: &'static str,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<reqwest::Response, VaultError> {
        let settings = &self.client.settings;
        let address = settings.address.join(&format!("/v1/{path}"));
        let answer = self
            .client
            .http
            .http
            .request(method, address.map_err(|_| VaultError::Setup)?)
            .header("X-Vault-Token", &settings.token)
            .body(body)
            .send()
            .await
            .map_err(unreachable(action))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let refusal: Refusal = answer.json().await.unwrap_or_default();
        Err(VaultError::Refused {
            action,
            code: status.as_u16(),
            reasons: refusal.errors.join("; "),
        })
    }

    /// Every setting is given, because vaultrs would take a missing one from `VAULT_*`.
    fn connection(address: &Url, token: &str) -> Result<Self, VaultError> {
        let settings = VaultClientSettingsBuilder::default()
            .address(address)
            .token(token)
            .ca_certs(Vec::new())
            .identity(None)
            .verify(true)
            .timeout(Some(TIMEOUT))
            .build()
            .map_err(|_| VaultError::Setup)?;
        let mut client = VaultClient::new(settings).map_err(|_| VaultError::Setup)?;
        // A proxy named in the environment must not see tokens, nor may a redirect carry them elsewhere.
        client.http.http = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(|_| VaultError::Setup)?;
        Ok(Self { client })
    }
}

/// What the vault says of a request that it refuses.
#[derive(Default, Deserialize)]
struct Refusal {
    errors: Vec<String>,
}

fn unreachable(action: &'static str) -> impl FnOnce(reqwest::Error) -> VaultError {
    move |error| VaultError::Unreachable {
        action,
        reason: root_cause(&error).to_string(),
    }
}

fn root_cause(error: &dyn Error) -> &dyn Error {
    error.source().map_or(error, root_cause)
}

/// Makes aws-lc-rs the one crypto provider of the process; the first call wins.
pub fn install_crypto() {
    // An error says that one is installed already, which is what is wanted.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// The same provider, for checks of certificates.
pub fn crypto() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Turns vaultrs's error into ours.
pub fn failed(action: &'static str) -> impl FnOnce(ClientError) -> VaultError {
    move |error| match error {
        ClientError::APIError { code, errors } => VaultError::Refused {
            action,
            code,
            reasons: errors.join("; "),
        },
        ClientError::RestClientError {
            source: RestError::ServerResponseError { code, content: _ },
        } => VaultError::Refused {
            action,
            code,
            reasons: String::new(),
        },
        ClientError::RestClientError {
            source: RestError::RequestError { source, .. } | RestError::ResponseError { source },
        } => VaultError::Unreachable {
            action,
            reason: source.root_cause().to_string(),
        },
        _ => VaultError::Unreadable { action },
    }
}
