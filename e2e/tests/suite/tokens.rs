//! Access tokens as the services use them: the suite takes the part of a service, with that service's own credentials.
//!
//! Invariant: every token is issued by identity in the regular way; none is made up here.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::client::plain;
use e2e::patience::until;
use e2e::{Client, Role, Target};
use reqwest::StatusCode;
use reqwest::header::LOCATION;
use serde_json::Value;
use url::Url;

use crate::access::invoke;
use crate::stack::{self, browser, word};

/// A PKCE verifier and its S256 challenge: the example of RFC 7636, appendix B.
pub const PKCE: (&str, &str) = (
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
);
/// Token exchange (RFC 8693).
pub const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A service with its own credentials, read once, as the service reads them.
pub struct Service<'t> {
    target: &'t Target,
    id: String,
    secret: String,
}

impl<'t> Service<'t> {
    /// The service of this name.
    pub async fn of(target: &'t Target, app: &str) -> Result<Self> {
        let credentials = secret(target, app, "client").await?;
        let (id, secret) = (
            word(&credentials, "client_id"),
            word(&credentials, "client_secret"),
        );
        Ok(Self::known(target, id, secret))
    }

    /// A client with credentials that it was given.
    pub fn known(target: &'t Target, id: &str, secret: &str) -> Self {
        Self {
            target,
            id: id.to_owned(),
            secret: secret.to_owned(),
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What identity answers its request for a token.
    pub async fn token(&self, form: &[(&str, &str)]) -> Result<(StatusCode, Value)> {
        self.ask("/oauth2/token", form).await
    }

    /// What one of identity's endpoints answers it.
    pub async fn ask(&self, endpoint: &str, form: &[(&str, &str)]) -> Result<(StatusCode, Value)> {
        let answer = plain(self.target)?
            .post(self.target.public().join(endpoint)?)
            .basic_auth(&self.id, Some(&self.secret))
            .form(form)
            .send()
            .await?;
        let (status, body) = (answer.status(), answer.bytes().await?);
        let body = match &*body {
            // Revocation answers with nothing.
            [] => Value::Null,
            body => serde_json::from_slice(body)?,
        };
        Ok((status, body))
    }

    /// Its token for itself; nothing, if identity holds that it has no business there.
    pub async fn own(&self, audience: &str) -> Result<Option<String>> {
        let form = [("grant_type", "client_credentials"), ("audience", audience)];
        let answer = self.token(&form).await?;
        if answer.0 == StatusCode::BAD_REQUEST {
            return Ok(None);
        }
        issued(&answer).map(Some)
    }
}

/// A secret of a service, read as that service reads it.
pub async fn secret(target: &Target, app: &str, name: &str) -> Result<Value> {
    let sidecar = target.sidecar(app)?;
    let address = sidecar
        .url
        .join(&format!("/v1.0/secrets/secretstore/{name}"))?;
    let answer = plain(target)?
        .get(address)
        .header("dapr-api-token", &sidecar.token)
        .send()
        .await?;
    Ok(serde_json::from_slice(
        &answer.error_for_status()?.bytes().await?,
    )?)
}

/// The access token of an answer that has one.
pub fn issued((status, body): &(StatusCode, Value)) -> Result<String> {
    ensure!(
        *status == StatusCode::OK,
        "identity refused with {status}: {body}"
    );
    Ok(word(body, "access_token").to_owned())
}

/// What identity answers a client that exchanges a token of its own for one for this audience.
pub async fn exchange(
    client: &Service<'_>,
    access: &str,
    audience: &str,
) -> Result<(StatusCode, Value)> {
    let form = [
        ("grant_type", EXCHANGE),
        ("subject_token", access),
        ("subject_token_type", ACCESS_TOKEN),
        ("audience", audience),
    ];
    client.token(&form).await
}

/// The tokens of one person at the BFF.
pub struct Person<'t> {
    bff: Service<'t>,
    access: String,
    refresh: String,
}

impl<'t> Person<'t> {
    /// The demo person of this role.
    pub async fn demo(target: &'t Target, role: Role) -> Result<Self> {
        Self::of(target, &browser(target, role).await?).await
    }

    /// Whoever is signed in in this browser.
    pub async fn of(target: &'t Target, browser: &Client) -> Result<Self> {
        let callback = target.public().join("/api/session/callback")?;
        let query = [
            ("client_id", "bff"),
            ("redirect_uri", callback.as_str()),
            ("response_type", "code"),
            ("scope", "openid profile"),
            ("state", "suite"),
            ("nonce", "suite"),
            ("code_challenge", PKCE.1),
            ("code_challenge_method", "S256"),
        ];
        let mut address = target.public().join("/oauth2/authorize")?;
        address.query_pairs_mut().extend_pairs(query);
        let answer = browser
            .get(address.as_str())
            .await?
            .expect(StatusCode::SEE_OTHER)?;
        let back: Url = answer.header(LOCATION).parse().context("a redirect")?;
        let code = back
            .query_pairs()
            .find(|(name, _)| name == "code")
            .context("a code")?
            .1
            .into_owned();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", callback.as_str()),
            ("code_verifier", PKCE.0),
        ];
        let bff = Service::of(target, "bff").await?;
        let answer = bff.token(&form).await?;
        Ok(Self {
            bff,
            access: issued(&answer)?,
            refresh: word(&answer.1, "refresh_token").to_owned(),
        })
    }

    /// The person's token for the BFF itself.
    pub fn at_bff(&self) -> &str {
        &self.access
    }

    /// The BFF, that acts for her.
    pub fn bff(&self) -> &Service<'t> {
        &self.bff
    }

    /// What the BFF gets the next token for.
    pub fn refresh(&self) -> &str {
        &self.refresh
    }

    /// The person's token for a service, by token exchange.
    pub async fn at(&self, audience: &str) -> Result<String> {
        let token = self.if_any(audience).await?;
        token.with_context(|| format!("the person has no business at {audience}"))
    }

    /// The same; nothing, if identity holds that the person has no business there.
    pub async fn if_any(&self, audience: &str) -> Result<Option<String>> {
        let answer = exchange(&self.bff, &self.access, audience).await?;
        if answer.0 == StatusCode::BAD_REQUEST && word(&answer.1, "error") == "invalid_scope" {
            return Ok(None);
        }
        issued(&answer).map(Some)
    }
}

/// How soon every service knows that a session has ended.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn every_service_drops_the_tokens_of_a_session_that_ended() -> Result<()> {
    let stack = stack::shared().await?;
    let manager = browser(&stack, Role::Manager).await?;
    let person = Person::of(&stack, &manager).await?;
    let mut calls = Vec::new();
    for (app, path) in [
        ("catalog", "/v1/stores"),
        ("order", "/v1/orders"),
        ("inventory", "/v1/stores/{id}/stock"),
        ("payment", "/v1/payments/{order}"),
        ("shipping", "/v1/stores/{id}/zones"),
    ] {
        let token = person.at(app).await?;
        let answer = invoke(&stack, app, "GET", path, Some(&token)).await?;
        ensure!(
            answer != StatusCode::UNAUTHORIZED,
            "{app} refuses a good token"
        );
        calls.push((app, path, token));
    }
    let answer = manager.sign_out().await?;
    answer.expect(StatusCode::NO_CONTENT)?;
    for (app, path, token) in calls {
        until(&format!("{app} to hear of it"), SOON, || async {
            let answer = invoke(&stack, app, "GET", path, Some(&token)).await.ok()?;
            (answer == StatusCode::UNAUTHORIZED).then_some(())
        })
        .await?;
    }
    Ok(())
}
