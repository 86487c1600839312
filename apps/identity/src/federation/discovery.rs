//! What a provider publishes of itself (OpenID Connect Discovery).
//!
//! Invariant: it is believed only of the issuer that was asked for, and no address in it is less than ours may be.

use serde::Deserialize;
use url::Url;

use super::FederationError;
use super::http::Http;

/// A provider's endpoints.
#[derive(Debug)]
pub struct Metadata {
    /// Where people are sent to.
    pub authorization_endpoint: Url,
    /// Where codes are redeemed.
    pub token_endpoint: Url,
    /// Where its keys are.
    pub jwks_uri: Url,
    /// Where more is told of a person.
    pub userinfo_endpoint: Option<Url>,
    /// Our secret goes into the form, for it takes no other way.
    pub secret_in_form: bool,
    /// It names itself in every authorization response (RFC 9207).
    pub names_itself: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    userinfo_endpoint: Option<Url>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Asks the provider whose issuer this is.
    pub async fn fetch(http: &Http, issuer: &str) -> Result<Self, FederationError> {
        let address = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let address = Url::parse(&address).map_err(|_| FederationError::Malformed("issuer"))?;
        let document: Document = http.json(&address, None).await?;
        document.judged(http, issuer)
    }
}

impl Document {
    fn judged(self, http: &Http, issuer: &str) -> Result<Metadata, FederationError> {
        if self.issuer != issuer {
            return Err(FederationError::Malformed("issuer"));
        }
        let addresses = [
            &self.authorization_endpoint,
            &self.token_endpoint,
            &self.jwks_uri,
        ];
        let allowed = |url: &Url| http.reach().allows(url) && url.fragment().is_none();
        if !addresses
            .into_iter()
            .chain(&self.userinfo_endpoint)
            .all(allowed)
        {
            return Err(FederationError::Malformed("address"));
        }
        // RFC 8414: without a list it is client_secret_basic.
        let methods = self.token_endpoint_auth_methods_supported;
        let takes = |method: &str| {
            methods
                .as_ref()
                .is_none_or(|methods| methods.iter().any(|known| known == method))
        };
        let secret_in_form = !takes("client_secret_basic");
        if secret_in_form && !takes("client_secret_post") {
            return Err(FederationError::Malformed("client authentication"));
        }
        Ok(Metadata {
            authorization_endpoint: self.authorization_endpoint,
            token_endpoint: self.token_endpoint,
            jwks_uri: self.jwks_uri,
            userinfo_endpoint: self.userinfo_endpoint,
            secret_in_form,
            names_itself: self.authorization_response_iss_parameter_supported,
        })
    }
}
