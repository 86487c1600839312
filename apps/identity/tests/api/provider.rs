//! Another OpenID provider, as far as we meet one: a stand-in that a test can make lie.
//!
//! Invariant: it refuses what a provider refuses (client, code, verifier, redirect URI), so that whoever signs in by it did
//! everything right.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header};
use identity::params::Params;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use service::clock::Clock;
use tokio::net::TcpListener;
use url::Url;

use crate::world::{World, secret};

pub const CLIENT: &str = "crema";
pub const SECRET: &str = "between us & nobody: 100%";

/// What it does; a test changes it.
pub struct Behaviour {
    /// Who is signed in there; claims of the ID token.
    pub person: Value,
    /// Claims of userinfo.
    pub userinfo: Value,
    /// Members of discovery that are otherwise than they should be; null takes one away.
    pub metadata: Value,
    /// Claims that are otherwise than they should be; null takes one away.
    pub claims: Value,
    /// What signs.
    pub key: Signer,
    /// The key's id, in the key set and in tokens.
    pub kid: String,
    /// Another key id for the token alone.
    pub token_kid: Option<String>,
    /// What it answers to everything, if not what was asked for.
    pub out_of_order: Option<StatusCode>,
    /// How often each path was asked for.
    pub asked: HashMap<&'static str, u32>,
    codes: HashMap<String, Grant>,
}

/// What signs ID tokens.
#[derive(Clone, Copy, Debug)]
pub enum Signer {
    Rs256,
    Es256,
    EdDsa,
    /// An HMAC with the client's secret.
    SharedSecret,
    /// Nothing.
    Nobody,
}

struct Grant {
    nonce: String,
    challenge: String,
    redirect_uri: String,
}

/// The stand-in. Cheap to clone.
#[derive(Clone)]
pub struct Provider {
    pub issuer: String,
    clock: Clock,
    behaviour: Arc<Mutex<Behaviour>>,
    ed25519: Arc<Vec<u8>>,
    p256: Arc<Vec<u8>>,
}

impl Provider {
    /// One that the service knows as `campus`, at which Ada is signed in.
    pub async fn start(world: &World) -> Self {
        let provider = Self::stranger(&world.clock).await;
        provider.is_known_to(world);
        provider
    }

    /// One that nobody knows.
    pub async fn stranger(clock: &Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let random = SystemRandom::new();
        let ed25519 = Ed25519KeyPair::generate_pkcs8v1(&random).expect("a key");
        let p256 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        let provider = Self {
            issuer,
            clock: clock.clone(),
            behaviour: Arc::new(Mutex::new(Behaviour {
                person: json!({
                    "sub": "ada-over-there",
                    "email": "Ada@example.com",
                    "email_verified": true,
                    "name": "Ada L.",
                }),
                userinfo: json!({}),
                metadata: json!({}),
                claims: json!({}),
                key: Signer::Rs256,
                kid: "first".to_owned(),
                token_kid: None,
                out_of_order: None,
                asked: HashMap::new(),
                codes: HashMap::new(),
            })),
            ed25519: Arc::new(ed25519.as_ref().to_vec()),
            p256: Arc::new(p256.expect("a key").as_ref().to_vec()),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/me", get(userinfo))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// Makes the operator name it, and it alone.
    pub fn is_known_to(&self, world: &World) {
        let fields = [
            ("providers", "campus"),
            ("campus.issuer", &self.issuer),
            ("campus.client_id", CLIENT),
            ("campus.client_secret", SECRET),
            ("campus.label", "Campus <Card>"),
        ];
        let fields = fields.map(|(name, value)| (name, value.to_owned()));
        let secret = Arc::new(secret("federation", &fields));
        world.providers.send(secret).expect("followed");
    }

    /// What it does from now on.
    pub fn set(&self) -> MutexGuard<'_, Behaviour> {
        self.behaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &'static str) -> u32 {
        self.set().asked.get(path).copied().unwrap_or_default()
    }

    /// Where it sends the browser that came to this address: back, with a code.
    pub fn authorize(&self, address: &Url) -> String {
        let request = Params::query(address.query().expect("a query"));
        request.each_once().expect("each once");
        let one = |name| request.one(name).expect("once").unwrap_or_default();
        assert_eq!(
            address.as_str().split('?').next(),
            Some(&*format!("{}/authorize", self.issuer))
        );
        assert_eq!((one("response_type"), one("client_id")), ("code", CLIENT));
        assert_eq!(one("scope"), "openid email profile");
        assert_eq!(one("code_challenge_method"), "S256");
        let grant = Grant {
            nonce: one("nonce").to_owned(),
            challenge: one("code_challenge").to_owned(),
            redirect_uri: one("redirect_uri").to_owned(),
        };
        assert!(!grant.nonce.is_empty() && !one("state").is_empty());
        let mut back = Url::parse(&grant.redirect_uri).expect("an address");
        let mut set = self.set();
        let code = format!("code-{}", set.codes.len());
        set.codes.insert(code.clone(), grant);
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", one("state"))
            .append_pair("iss", &self.issuer);
        format!("{}?{}", back.path(), back.query().expect("a query"))
    }

    fn id_token(&self, behaviour: &Behaviour, nonce: &str) -> String {
        let now = self.clock.now().timestamp();
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "nonce": nonce, "iat": now, "exp": now + 300,
        });
        overlay(&mut claims, &behaviour.person);
        overlay(&mut claims, &behaviour.claims);
        let header = |algorithm| {
            let mut header = Header::new(algorithm);
            header.kid = Some(behaviour.token_kid.clone().unwrap_or(behaviour.kid.clone()));
            header
        };
        let signed = |algorithm, key| encode(&header(algorithm), &claims, &key).expect("signed");
        match behaviour.key {
            Signer::Rs256 => testkit::rsa::sign(header(Algorithm::RS256), &claims),
            Signer::Es256 => signed(Algorithm::ES256, EncodingKey::from_ec_der(&self.p256)),
            Signer::EdDsa => signed(Algorithm::EdDSA, EncodingKey::from_ed_der(&self.ed25519)),
            Signer::SharedSecret => signed(
                Algorithm::HS256,
                EncodingKey::from_secret(SECRET.as_bytes()),
            ),
            Signer::Nobody => {
                let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
                let header = json!({"alg": "none", "kid": behaviour.kid});
                format!("{}.{}.", part(&header), part(&claims))
            }
        }
    }
}

/// Puts the members of one over those of the other.
fn overlay(base: &mut Value, over: &Value) {
    for (name, value) in over.as_object().expect("members") {
        if value.is_null() {
            base.as_object_mut().expect("members").remove(name);
        } else {
            base[name] = value.clone();
        }
    }
}

fn called(provider: &Provider, path: &'static str) -> Result<(), StatusCode> {
    let mut set = provider.set();
    *set.asked.entry(path).or_default() += 1;
    set.out_of_order.map_or(Ok(()), Err)
}

async fn discovery(State(provider): State<Provider>) -> Result<Json<Value>, StatusCode> {
    called(&provider, "discovery")?;
    let issuer = &provider.issuer;
    let mut metadata = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "userinfo_endpoint": format!("{issuer}/me"),
        "authorization_response_iss_parameter_supported": true,
    });
    overlay(&mut metadata, &provider.set().metadata);
    Ok(Json(metadata))
}

async fn jwks(State(provider): State<Provider>) -> Result<Json<Value>, StatusCode> {
    called(&provider, "jwks")?;
    let mut rsa = testkit::rsa::jwk();
    let ed25519 = Ed25519KeyPair::from_pkcs8(&provider.ed25519).expect("a key");
    let p256 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &provider.p256);
    let p256 = p256.expect("a key");
    let point = p256.public_key().as_ref();
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let set = provider.set();
    rsa["kid"] = json!(set.kid);
    Ok(Json(json!({"keys": [
        {"kty": "oct", "kid": set.kid, "k": text(SECRET.as_bytes())},
        rsa,
        {"kty": "OKP", "crv": "Ed25519", "kid": set.kid, "x": text(ed25519.public_key().as_ref())},
        {"kty": "EC", "crv": "P-256", "kid": set.kid, "x": text(&point[1..33]), "y": text(&point[33..])},
    ]})))
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    body: String,
) -> Result<(StatusCode, Json<Value>), StatusCode> {
    called(&provider, "token")?;
    let form = Params::form(&headers, body.as_bytes()).expect("a form");
    let one = |name| form.one(name).expect("once").unwrap_or_default();
    let basic = headers.get(header::AUTHORIZATION).map(|value| {
        let value = value.to_str().expect("text").strip_prefix("Basic ");
        let value = STANDARD.decode(value.expect("basic")).expect("base64");
        String::from_utf8(value).expect("text")
    });
    let form_wanted =
        provider.set().metadata["token_endpoint_auth_methods_supported"][0] == "client_secret_post";
    // RFC 6749 §2.3.1: both are encoded as in a form.
    let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let known = if form_wanted {
        basic.is_none() && (one("client_id"), one("client_secret")) == (CLIENT, SECRET)
    } else {
        basic == Some(format!("{CLIENT}:{encoded}"))
    };
    let refused = |error| Ok((StatusCode::BAD_REQUEST, Json(json!({ "error": error }))));
    if !known {
        return refused("invalid_client");
    }
    let mut set = provider.set();
    let verifier = digest::digest(&digest::SHA256, one("code_verifier").as_bytes());
    let challenge = URL_SAFE_NO_PAD.encode(verifier);
    let Some(grant) = set
        .codes
        .remove(one("code"))
        .filter(|grant| grant.challenge == challenge && grant.redirect_uri == one("redirect_uri"))
    else {
        return refused("invalid_grant");
    };
    let id_token = provider.id_token(&set, &grant.nonce);
    let tokens = json!({
        "access_token": "opens userinfo", "token_type": "Bearer", "expires_in": 60, "id_token": id_token,
    });
    Ok((StatusCode::OK, Json(tokens)))
}

async fn userinfo(
    State(provider): State<Provider>,
    headers: HeaderMap,
) -> Result<Json<Value>, StatusCode> {
    called(&provider, "me")?;
    assert_eq!(headers[header::AUTHORIZATION], "Bearer opens userinfo");
    Ok(Json(provider.set().userinfo.clone()))
}
