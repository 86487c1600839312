//! The identity service, played by the tests: codes with PKCE, rotating refresh tokens, exchange, revocation.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, Method};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header};
use serde_json::{Value, json};
use testkit::{Issuer, Sidecar};
use url::{Url, form_urlencoded};
use uuid::Uuid;
use wiremock::{Request, Respond, ResponseTemplate};

/// Where staff of the tests work.
pub const STORE: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001);
/// Who signs in.
pub const PERSON: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_00d1);

/// The service.
#[derive(Clone)]
pub struct Identity(Arc<Mutex<Inner>>);

/// What it does and did.
pub struct Inner {
    issuer: Arc<Issuer>,
    codes: HashMap<String, Code>,
    /// The refresh token that it accepts.
    pub refresh_token: String,
    /// Every token that it ever gave, to be looked for where none may be.
    pub given: Vec<String>,
    /// How often each grant was asked for.
    pub grants: Vec<String>,
    /// What it was asked to revoke.
    pub revoked: Vec<String>,
    /// How long a refresh takes.
    pub refresh_takes: Duration,
    /// Refuses every refresh as invalid.
    pub refuses_refresh: bool,
    /// Answers every request with this status and no more.
    pub broken: Option<u16>,
    /// The origin whose scripts may read its keys.
    pub shares_with: Option<&'static str>,
    /// Changes the claims of ID tokens.
    pub forge: fn(&mut Value),
    /// Their header.
    pub header: Header,
    /// Signs them with the key for access tokens.
    pub by_access_key: bool,
}

struct Code {
    challenge: String,
    nonce: String,
}

impl Identity {
    /// Puts it behind this sidecar.
    pub async fn behind(sidecar: &Sidecar, issuer: Arc<Issuer>) -> Self {
        let mut jwks = issuer.jwks();
        jwks["keys"]
            .as_array_mut()
            .expect("keys")
            .push(testkit::rsa::jwk());
        let mut header = Header::new(Algorithm::RS256);
        header.typ = Some("JWT".into());
        let identity = Self(Arc::new(Mutex::new(Inner {
            issuer,
            codes: HashMap::new(),
            refresh_token: String::new(),
            given: Vec::new(),
            grants: Vec::new(),
            revoked: Vec::new(),
            refresh_takes: Duration::ZERO,
            refuses_refresh: false,
            broken: None,
            shares_with: None,
            forge: |_| {},
            header,
            by_access_key: false,
        })));
        let keys = identity.clone();
        let shared = move |request: &Request| {
            let answer = ResponseTemplate::new(200).set_body_json(&jwks);
            match (
                request.headers.get("origin"),
                keys.with(|inner| inner.shares_with),
            ) {
                (Some(sent), Some(origin)) if sent == origin => {
                    answer.insert_header("access-control-allow-origin", origin)
                }
                _ => answer,
            }
        };
        sidecar
            .invoke("identity", Method::GET, "/oauth2/jwks")
            .respond_with(shared)
            .await;
        sidecar
            .invoke("identity", Method::POST, "/oauth2/token")
            .respond_with(Tokens(identity.clone()))
            .await;
        sidecar
            .invoke("identity", Method::POST, "/oauth2/revoke")
            .respond_with(Revoke(identity.clone()))
            .await;
        identity
    }

    /// Looks at it, or changes it.
    pub fn with<T>(&self, f: impl FnOnce(&mut Inner) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What a person does there: signs in, and is sent back to the path and query that this gives.
    pub fn sign_in(&self, authorize: &str) -> String {
        let url: Url = authorize.parse().expect("an address");
        let sent: HashMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(url.path(), "/oauth2/authorize");
        assert_eq!(sent["response_type"], "code");
        assert_eq!(sent["client_id"], "bff");
        assert_eq!(sent["code_challenge_method"], "S256");
        assert_eq!(
            sent["redirect_uri"],
            "https://localhost:8443/api/session/callback"
        );
        assert!(sent["scope"].split(' ').any(|scope| scope == "openid"));
        self.with(|inner| {
            let code = format!("code-{}", inner.codes.len());
            let pending = Code {
                challenge: sent["code_challenge"].clone(),
                nonce: sent["nonce"].clone(),
            };
            inner.codes.insert(code.clone(), pending);
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("code", &code)
                .append_pair("state", &sent["state"])
                .append_pair("iss", inner.issuer.address())
                .finish();
            format!("/api/session/callback?{query}")
        })
    }
}

impl Inner {
    fn give(&mut self, token: String) -> String {
        self.given.push(token.clone());
        token
    }

    fn access(&mut self, audience: &str) -> String {
        let token = self.issuer.token(audience, |claims| {
            claims.person(PERSON, "barista");
            claims.stores = vec![STORE];
        });
        self.give(token)
    }

    fn next_refresh(&mut self) -> String {
        let count = self.given.len();
        self.refresh_token = self.give(format!("refresh-token-canary-{count}"));
        self.refresh_token.clone()
    }

    fn id_token(&mut self, nonce: &str) -> String {
        let access: Value = {
            let token = self
                .issuer
                .token("bff", |claims| claims.person(PERSON, "barista"));
            let body = token.split('.').nth(1).expect("three parts");
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).expect("base64url"))
                .expect("claims")
        };
        let mut claims = json!({
            "iss": access["iss"], "aud": "bff", "sub": PERSON, "iat": access["iat"], "exp": access["exp"],
            "nonce": nonce, "name": "Ada", "roles": ["customer", "barista"], "stores": [STORE], "sid": PERSON,
        });
        (self.forge)(&mut claims);
        let token = if self.by_access_key {
            self.issuer.sign(self.header.clone(), &claims)
        } else {
            testkit::rsa::sign(self.header.clone(), &claims)
        };
        self.give(token)
    }

    fn answer(&mut self, form: &HashMap<String, String>) -> (u16, Value) {
        let grant = form["grant_type"]
            .rsplit(':')
            .next()
            .unwrap_or_default()
            .to_owned();
        self.grants.push(grant.clone());
        if let Some(status) = self.broken {
            return (status, Value::Null);
        }
        let invalid = (400, json!({"error": "invalid_grant"}));
        let mut answer = json!({"token_type": "Bearer", "expires_in": 300});
        match grant.as_str() {
            "authorization_code" => {
                let Some(code) = self.codes.remove(&form["code"]) else {
                    return invalid;
                };
                let proof =
                    URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
                if proof != code.challenge {
                    return invalid;
                }
                answer["access_token"] = self.access("bff").into();
                answer["refresh_token"] = self.next_refresh().into();
                answer["id_token"] = self.id_token(&code.nonce).into();
            }
            "refresh_token" => {
                if self.refuses_refresh || form["refresh_token"] != self.refresh_token {
                    return invalid;
                }
                answer["access_token"] = self.access("bff").into();
                answer["refresh_token"] = self.next_refresh().into();
            }
            "token-exchange" => {
                if !self.given.contains(&form["subject_token"]) {
                    return invalid;
                }
                answer["access_token"] = self.access(&form["audience"]).into();
                answer["issued_token_type"] =
                    "urn:ietf:params:oauth:token-type:access_token".into();
            }
            "client_credentials" => {
                answer["access_token"] = self.issuer.token(&form["audience"], |_| {}).into();
            }
            other => panic!("{other}"),
        }
        (200, answer)
    }
}

/// The claims of the token that a service was called with.
pub fn claims(headers: &HeaderMap) -> Value {
    let token = headers["authorization"].to_str().expect("text");
    let body = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).expect("base64url")).expect("claims")
}

fn form(request: &Request) -> HashMap<String, String> {
    form_urlencoded::parse(&request.body).into_owned().collect()
}

struct Tokens(Identity);

impl Respond for Tokens {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let basic = request
            .headers
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        assert!(
            basic.is_some_and(|value| value.starts_with("Basic ")),
            "client_secret_basic"
        );
        let form = form(request);
        let (status, body) = self.0.with(|inner| inner.answer(&form));
        let template = ResponseTemplate::new(status).set_body_json(body);
        if form["grant_type"] == "refresh_token" {
            return template.set_delay(self.0.with(|inner| inner.refresh_takes));
        }
        template
    }
}

struct Revoke(Identity);

impl Respond for Revoke {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let token = form(request)["token"].clone();
        self.0.with(|inner| {
            inner.revoked.push(token);
            ResponseTemplate::new(inner.broken.unwrap_or(200))
        })
    }
}
