//! Who calls the identity service of a test: a browser, an operator, a client.
//!
//! Invariant: each sends what it would send by the BFF, and nothing else; a test spoils the request, not the way it goes.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dapr_kit::query;
use http::{Method, Request, Uri, header};
use identity::person::PersonId;
use serde_json::Value;

use crate::world::{ACCESS_TOKEN, Answer, CALLBACK, CHALLENGE, EXCHANGE, VERIFIER, World};

/// A browser: a cookie, and the origin of the page that it shows.
pub struct Browser<'a> {
    pub world: &'a World,
    pub cookie: Option<String>,
    pub origin: Option<String>,
    /// The address that the BFF sees.
    pub address: Option<&'static str>,
}

/// A correct authorization request, for tests to spoil.
pub fn authorization() -> Vec<(&'static str, &'static str)> {
    vec![
        ("response_type", "code"),
        ("client_id", "bff"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile email"),
        ("state", "s-1 &="),
        ("nonce", "n-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

/// The same with one parameter changed, added, or (empty) left out.
pub fn authorization_with(
    name: &'static str,
    value: &'static str,
) -> Vec<(&'static str, &'static str)> {
    let mut all = authorization();
    all.retain(|(key, _)| *key != name);
    if !value.is_empty() {
        all.push((name, value));
    }
    all
}

pub fn encode(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

impl Browser<'_> {
    pub async fn get(&self, path: &str) -> Answer {
        self.world
            .send(self.request(&Method::GET, path, String::new()))
            .await
    }

    /// Posts a form and keeps the cookie that comes back.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let answer = self
            .world
            .send(self.request(&Method::POST, path, encode(form)))
            .await;
        if let Some(cookie) = answer.headers.get(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("text").split(';').next();
            self.cookie = cookie.map(str::to_owned);
        }
        answer
    }

    pub async fn authorize(&self, request: &[(&str, &str)]) -> Answer {
        self.get(&format!("/oauth2/authorize?{}", encode(request)))
            .await
    }

    /// The code that a correct request gives.
    pub async fn code(&self) -> String {
        let answer = self.authorize(&authorization()).await;
        answer
            .sent("code")
            .unwrap_or_else(|| panic!("no code: {answer:?}"))
    }

    fn request(&self, method: &Method, path: &str, body: String) -> Request<Body> {
        let uri: Uri = path.parse().expect("a path");
        let mut request = Request::builder().method(method).uri(uri.path());
        // The public entry sends it apart.
        query::set_apart(&uri, request.headers_mut().expect("no mistake yet"));
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(address) = self.address {
            request = request.header("x-forwarded-for", address);
        }
        if *method == Method::POST {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            if let Some(origin) = &self.origin {
                request = request.header(header::ORIGIN, origin);
            }
        }
        request.body(Body::from(body)).expect("a request")
    }
}

/// An operator with a token for this server.
pub struct Operator<'a> {
    pub world: &'a World,
    pub id: PersonId,
    pub token: String,
}

impl Operator<'_> {
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, "").await
    }

    pub async fn post(&self, path: &str) -> Answer {
        self.send(Method::POST, path, None, "").await
    }

    /// Puts a body in place of version `version`.
    pub async fn put(&self, path: &str, version: i64, body: &Value) -> Answer {
        let etag = format!("\"{version}\"");
        self.send(Method::PUT, path, Some(&etag), &body.to_string())
            .await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        if_match: Option<&str>,
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(etag) = if_match {
            request = request.header(header::IF_MATCH, etag);
        }
        let request = request.body(Body::from(body.to_owned()));
        self.world.send(request.expect("a request")).await
    }
}

/// A client with its credentials.
pub struct Client<'a> {
    pub world: &'a World,
    /// `id:secret`, or nothing.
    pub credentials: Option<String>,
}

impl Client<'_> {
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let mut request =
            Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(credentials) = &self.credentials {
            let value = format!("Basic {}", STANDARD.encode(credentials));
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = request.body(Body::from(encode(form))).expect("a request");
        self.world.send(request).await
    }

    pub async fn token(&self, form: &[(&str, &str)]) -> Answer {
        self.post("/oauth2/token", form).await
    }

    pub async fn redeem(&self, code: &str) -> Answer {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await
    }

    /// What the introspection endpoint tells this client of a token.
    pub async fn introspect(&self, token: &str) -> Value {
        let answer = self.post("/oauth2/introspect", &[("token", token)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        answer.json()
    }

    pub async fn exchange(&self, subject: &str, audience: &str) -> Answer {
        self.token(&[
            ("grant_type", EXCHANGE),
            ("subject_token", subject),
            ("subject_token_type", ACCESS_TOKEN),
            ("audience", audience),
        ])
        .await
    }
}
