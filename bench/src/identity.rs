//! Identity at its own listener, as the BFF's sidecar reaches it: people who sign in there, and the BFF that asks it.
//!
//! Invariant: every request has an origin of its own, out of the addresses that are set apart for measuring (RFC 2544),
//! so that the brakes on guessing never bite and are never taken off.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::client::fresh;
use e2e::target::Listener;
use e2e::{SignIn, Target};
use http::Method;
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::bare::dapr;
use crate::http_call::Call;
use crate::load::Caller;

/// 198.18.0.0/15.
const ORIGINS: (u32, u32) = (Ipv4Addr::new(198, 18, 0, 0).to_bits(), 1 << 17);
/// A PKCE verifier and its S256 challenge: the example of RFC 7636, appendix B.
const PKCE: (&str, &str) = (
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
);

/// The running service.
#[derive(Clone)]
pub struct Identity {
    http: reqwest::Client,
    listener: Listener,
    public: Url,
    /// The BFF's own credentials, as HTTP Basic.
    basic: String,
    origins: Arc<AtomicU32>,
}

/// What came of an answer to the sign-in form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is a session.
    SignedIn,
    /// Account or password is wrong.
    Refused,
}

impl Identity {
    /// Takes the part of the BFF's sidecar, with the BFF's own credentials.
    pub async fn reach(target: &Target) -> Result<Self> {
        let client = dapr(&target.sidecar("bff")?)?;
        let client = client.secret("secretstore", "client").await?;
        let (id, secret) = (
            client.require("client_id")?,
            client.require("client_secret")?,
        );
        let http = reqwest::Client::builder().no_proxy();
        Ok(Self {
            http: http.redirect(Policy::none()).build()?,
            listener: target.listener("identity")?,
            public: target.public().clone(),
            basic: format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))),
            origins: Arc::default(),
        })
    }

    /// A request of the BFF that is repeated.
    pub fn call_of_bff(&self, path: &str, form: &[(&str, &str)]) -> Result<Call> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        self.call(Method::POST, path, body)?
            .header("authorization", &self.basic)?
            .header("content-type", "application/x-www-form-urlencoded")
    }

    /// A request with a bearer token that is repeated.
    pub fn call_with(&self, path: &str, token: &str) -> Result<Call> {
        self.call(Method::GET, path, String::new())?
            .header("authorization", &format!("Bearer {token}"))
    }

    fn call(&self, method: Method, path: &str, body: String) -> Result<Call> {
        Call::new(method, &self.listener.url.join(path)?, body.into())?
            .header("dapr-api-token", &self.listener.token)?
            .header("x-forwarded-for", &self.origin())
    }

    /// A JSON document that it publishes.
    pub async fn document(&self, path: &str) -> Result<Value> {
        json(self.request(&Method::GET, path)?).await
    }

    /// The BFF's own token towards an audience.
    pub async fn own_token(&self, audience: &str) -> Result<String> {
        self.token(&[("grant_type", "client_credentials"), ("audience", audience)])
            .await
    }

    /// The BFF's token for a guest, by way of sign-in and code.
    pub async fn token_of(&self, guest: &SignIn) -> Result<String> {
        let signed_in = self.form(
            "/sign-in",
            &[("email", &guest.email), ("password", &guest.password)],
        );
        let signed_in = signed_in?.send().await?;
        let cookie = signed_in.headers().get(SET_COOKIE);
        let cookie = cookie.and_then(|cookie| cookie.to_str().ok()?.split(';').next());
        let cookie = cookie.context("a sign-in without a cookie")?;
        let callback = self.public.join("/api/session/callback")?;
        let question = self.request(&Method::GET, "/oauth2/authorize")?.query(&[
            ("client_id", "bff"),
            ("redirect_uri", callback.as_str()),
            ("response_type", "code"),
            ("scope", "openid profile"),
            ("state", "bench"),
            ("nonce", "bench"),
            ("code_challenge", PKCE.1),
            ("code_challenge_method", "S256"),
        ]);
        let back = location(&question.header(COOKIE, cookie).send().await?)?;
        let back = self.public.join(&back)?;
        let code = back.query_pairs().find(|(name, _)| name == "code");
        let (_, code) = code.with_context(|| format!("no code in {back}"))?;
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", callback.as_str()),
            ("code_verifier", PKCE.0),
        ])
        .await
    }

    /// The BFF's token to act for a guest at an audience.
    pub async fn exchanged(&self, guest: &SignIn, audience: &str) -> Result<String> {
        let token = self.token_of(guest).await?;
        self.token(&[
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("subject_token", &token),
            (
                "subject_token_type",
                "urn:ietf:params:oauth:token-type:access_token",
            ),
            ("audience", audience),
        ])
        .await
    }

    async fn token(&self, form: &[(&str, &str)]) -> Result<String> {
        let request = self.request(&Method::POST, "/oauth2/token")?.form(form);
        let answer = json(request.header("authorization", &self.basic)).await?;
        let token = answer["access_token"].as_str();
        Ok(token.context("an answer without a token")?.to_owned())
    }

    /// Makes accounts that nobody had.
    pub async fn register(&self, count: usize) -> Result<Guests> {
        let mut guests = Vec::with_capacity(count);
        for _ in 0..count {
            let guest = SignIn {
                email: format!("{}@crema.example", fresh()),
                password: fresh(),
            };
            let fields = [
                ("name", "Bench Guest"),
                ("email", &guest.email),
                ("password", &guest.password),
            ];
            let answer = self.form("/register", &fields)?.send().await?;
            ensure!(
                location(&answer)?.contains("registered=1"),
                "an account was not made"
            );
            guests.push(guest);
        }
        Ok(Guests {
            identity: self.clone(),
            people: guests,
            next: 0,
        })
    }

    /// Sends the sign-in form, from an address that nobody used before.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<Outcome> {
        let answer = self.form("/sign-in", &[("email", email), ("password", password)])?;
        let answer = answer.send().await?;
        let status = answer.status();
        // Read whole, so that the connection is kept.
        answer.bytes().await?;
        match status {
            StatusCode::SEE_OTHER => Ok(Outcome::SignedIn),
            StatusCode::UNPROCESSABLE_ENTITY => Ok(Outcome::Refused),
            other => bail!("a sign-in was answered with {other}"),
        }
    }

    /// A form as our own page posts it.
    fn form(&self, path: &str, fields: &[(&str, &str)]) -> Result<RequestBuilder> {
        let origin = self.public.origin().ascii_serialization();
        let request = self.request(&Method::POST, path)?.form(fields);
        Ok(request.header(ORIGIN, origin))
    }

    fn request(&self, method: &Method, path: &str) -> Result<RequestBuilder> {
        let request = self
            .http
            .request(method.clone(), self.listener.url.join(path)?)
            .header("dapr-api-token", &self.listener.token);
        Ok(request.header("x-forwarded-for", self.origin()))
    }

    fn origin(&self) -> String {
        origin(self.origins.fetch_add(1, Ordering::Relaxed)).to_string()
    }
}

fn origin(nth: u32) -> Ipv4Addr {
    let (first, count) = ORIGINS;
    Ipv4Addr::from_bits(first + nth % count)
}

fn location(answer: &Response) -> Result<String> {
    let location = answer.headers().get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let location = location.with_context(|| format!("{} leads nowhere", answer.status()))?;
    Ok(location.to_owned())
}

async fn json(request: RequestBuilder) -> Result<Value> {
    let answer = request.send().await?.error_for_status()?;
    Ok(serde_json::from_slice(&answer.bytes().await?)?)
}

/// Accounts, and where their people sign in; as a caller, one of them after the other does.
#[derive(Clone)]
pub struct Guests {
    identity: Identity,
    people: Vec<SignIn>,
    next: usize,
}

impl Guests {
    /// Who they are.
    #[must_use]
    pub fn people(&self) -> &[SignIn] {
        &self.people
    }

    /// Callers that share the accounts: no account is signed into twice at once.
    #[must_use]
    pub fn callers(&self, count: usize) -> Vec<Self> {
        let share = self.people.len().div_ceil(count.max(1)).max(1);
        let of = |people: &[SignIn]| Self {
            identity: self.identity.clone(),
            people: people.to_vec(),
            next: 0,
        };
        self.people.chunks(share).map(of).collect()
    }
}

impl Caller for Guests {
    async fn call(&mut self) -> Result<()> {
        let guest = &self.people[self.next % self.people.len()];
        self.next = self.next.wrapping_add(1);
        let outcome = self.identity.sign_in(&guest.email, &guest.password).await?;
        ensure!(outcome == Outcome::SignedIn, "a right password was refused");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_differ_and_stay_among_those_set_apart_for_measuring() {
        assert_eq!(origin(0), Ipv4Addr::new(198, 18, 0, 0));
        assert_eq!(origin(300), Ipv4Addr::new(198, 18, 1, 44));
        assert_eq!(origin((1 << 17) - 1), Ipv4Addr::new(198, 19, 255, 255));
        assert_eq!(origin(1 << 17), origin(0));
    }
}
