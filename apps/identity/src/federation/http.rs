//! How another provider is asked: by HTTPS, briefly, and never elsewhere than where it was meant.
//!
//! Invariant: every request passes [`Reach::allows`], follows no redirect, ends after [`DEADLINE`] and reads at most
//! [`MOST`] bytes, whatever the other side says.

use std::pin::Pin;
use std::time::Duration;

use axum::http::{HeaderValue, Method, StatusCode, header};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::redirect::Policy;
use serde::de::DeserializeOwned;
use url::Url;

/// A request that takes longer has failed.
pub const DEADLINE: Duration = Duration::from_secs(5);
/// No document or answer of a provider is longer.
pub const MOST: usize = 256 * 1024;

/// Which addresses are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Encrypted ones alone.
    Https,
    /// In development and tests, those of this machine unencrypted too.
    LoopbackToo,
}

impl Reach {
    /// Whether this address is asked.
    #[must_use]
    pub fn allows(self, url: &Url) -> bool {
        let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let scheme = match url.scheme() {
            "https" => true,
            "http" => self == Self::LoopbackToo && here,
            _ => false,
        };
        scheme && url.has_host() && url.username().is_empty() && url.password().is_none()
    }
}

/// Why an address gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// It is none that we ask.
    #[error("the address is not one that is asked")]
    Address,
    /// It could not be reached, or was too slow.
    #[error("it can't be reached")]
    Unreachable(#[from] reqwest::Error),
    /// It said too much.
    #[error("its answer is too long")]
    TooLong,
    /// It answered with this status.
    #[error("it answered {0}")]
    Status(StatusCode),
    /// Its answer is not the JSON that it should be.
    #[error("its answer can't be read")]
    Unreadable(#[from] serde_json::Error),
}

/// A client for other providers. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    reach: Reach,
}

impl Http {
    /// One with this reach.
    pub fn new(reach: Reach) -> reqwest::Result<Self> {
        // The platform's verifier: it trusts what SSL_CERT_FILE names, else the machine's authorities.
        let client = reqwest::Client::builder()
            .timeout(DEADLINE)
            .connect_timeout(DEADLINE)
            .https_only(reach == Reach::Https)
            .redirect(Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { client, reach })
    }

    /// Which addresses it asks.
    #[must_use]
    pub const fn reach(&self) -> Reach {
        self.reach
    }

    /// The JSON at an address.
    pub async fn json<T: DeserializeOwned>(
        &self,
        url: &Url,
        bearer: Option<&str>,
    ) -> Result<T, HttpError> {
        let mut request = HttpRequest::new(Vec::new());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = url.as_str().parse().map_err(|_| HttpError::Address)?;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::ACCEPT, json);
        if let Some(token) = bearer {
            let mut value =
                HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| HttpError::Address)?;
            value.set_sensitive(true);
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let response = self.send(request).await?;
        if response.status() != StatusCode::OK {
            return Err(HttpError::Status(response.status()));
        }
        Ok(serde_json::from_slice(response.body())?)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        if !self.reach.allows(request.url()) {
            return Err(HttpError::Address);
        }
        let mut answer = self.client.execute(request).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MOST {
                return Err(HttpError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = HttpResponse::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
