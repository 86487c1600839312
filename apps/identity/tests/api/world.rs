//! One identity service of a test's own, with a browser and clients to call it.
//!
//! Invariant: time stands still until the test moves it; Redis is a map that the test can take away.

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use axum::Router;
use axum::body::{Body, to_bytes};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use dapr_kit::{DaprError, Secret, Secrets};
use http::{HeaderMap, Request, StatusCode, header};
use identity::client_auth::ClientAuth;
use identity::federation::Federation;
use identity::federation::http::{Http, Reach};
use identity::issuer::Issuer;
use identity::keys::Keys;
use identity::opaque::Opaque;
use identity::password::Passwords;
use identity::person::{EmailAddress, Name, PersonId};
use identity::role::Role;
use identity::sealed::Sealer;
use identity::second_factor::Policy;
use identity::session::{self, Session};
use identity::standing::Cache;
use identity::state::App;
use identity::store::{self, people::NewPerson};
use identity::token::Mint;
use identity::{MIGRATOR, routes};
use jsonwebtoken::jwk::JwkSet;
use outbox::Waker;
use serde_json::Value;
use service::clock::Clock;
use service::ids::Ids;
use service::routes::Guard;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tower::ServiceExt as _;
use url::Url;
use uuid::Uuid;

use crate::callers::{Browser, Client, Operator};

pub const ISSUER: &str = "https://localhost:8443";
pub const CALLBACK: &str = "https://localhost:8443/api/session/callback";
/// RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

const APP_TOKEN: &str = "of the sidecar";

/// The service and what surrounds it.
pub struct World {
    pub app: App,
    pub clock: Clock,
    pub redis: Arc<Redis>,
    /// The secret `signing`, to be changed under the running service.
    pub signing: watch::Sender<Arc<Secret>>,
    /// The secret `federation`, likewise.
    pub providers: watch::Sender<Arc<Secret>>,
    pub router: Router,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn text(&self, member: &str) -> String {
        let json = self.json();
        let value = json[member].as_str();
        value
            .unwrap_or_else(|| panic!("no {member} in {json}"))
            .to_owned()
    }

    pub fn location(&self) -> &str {
        let location = self.headers.get(header::LOCATION);
        let location = location.unwrap_or_else(|| panic!("no Location: {self:?}"));
        location.to_str().expect("text")
    }

    /// A parameter of the address that this answer leads to.
    pub fn sent(&self, name: &str) -> Option<String> {
        let url = Url::parse(ISSUER)
            .expect("a base")
            .join(self.location())
            .expect("a location");
        let mut values = url.query_pairs().filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value.into_owned());
        assert!(values.next().is_none(), "{name} twice in {url}");
        value
    }

    /// Asserts an OAuth error and that nothing may keep it.
    pub fn refused(&self, status: u16, error: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.text("error"), error, "{self:?}");
        assert!(!self.text("error_description").is_empty());
        assert_eq!(self.headers[header::CACHE_CONTROL], "no-store");
    }
}

/// The state store.
#[derive(Default)]
pub struct Redis {
    values: Mutex<HashMap<String, Vec<u8>>>,
    pub down: AtomicBool,
    pub hits: Mutex<u32>,
}

impl Redis {
    fn values(&self) -> Result<std::sync::MutexGuard<'_, HashMap<String, Vec<u8>>>, DaprError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(DaprError::Config("Redis is down".to_owned()));
        }
        Ok(self.values.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn hits(&self) -> u32 {
        *self.hits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn len(&self) -> usize {
        self.values().map_or(0, |values| values.len())
    }
}

#[async_trait::async_trait]
impl Cache for Redis {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, DaprError> {
        let value = self.values()?.get(key).cloned();
        if value.is_some() {
            *self.hits.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
        Ok(value)
    }

    async fn put(&self, key: &str, value: Vec<u8>) -> Result<(), DaprError> {
        self.values()?.insert(key.to_owned(), value);
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), DaprError> {
        self.values()?.remove(key);
        Ok(())
    }
}

pub fn secret(name: &str, fields: &[(&str, String)]) -> Secret {
    let fields = fields
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()));
    Secret::new(name, fields.collect())
}

/// The secret `signing` with new keys for access tokens.
pub fn signing_keys() -> Secret {
    let fields = [
        ("current", signing_key()),
        ("next", signing_key()),
        ("rs256.current", testkit::rsa::document()),
    ];
    secret("signing", &fields)
}

fn signing_key() -> String {
    let key = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).expect("a key");
    STANDARD.encode(key.as_ref())
}

fn sealing_key() -> String {
    STANDARD.encode([7; 32])
}

fn hash_of_secret(client: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(
        &digest::SHA256,
        secret_of(client).as_bytes(),
    ))
}

fn secret_of(client: &str) -> String {
    format!("the secret of {client}")
}

pub fn start_of_day() -> DateTime<Utc> {
    "2026-03-02T06:30:00Z".parse().expect("an instant")
}

impl World {
    pub async fn new() -> Self {
        Self::with(Policy::Optional).await
    }

    /// One with this rule about second factors.
    pub async fn with(second_factor: Policy) -> Self {
        let db = testkit::database(&[&MIGRATOR, &outbox::MIGRATOR]).await;
        let clock = Clock::manual(start_of_day());
        let redis = Arc::new(Redis::default());
        let issuer = Issuer::new(&ISSUER.parse().expect("an address"));
        let (signing, followed) = watch::channel(Arc::new(signing_keys()));
        let (providers, named) = watch::channel(Arc::new(secret("federation", &[])));
        let clients = ["bff", "order"].map(|client| (client, hash_of_secret(client)));
        let app = App {
            db,
            cache: redis.clone(),
            ids: Ids::new(clock.clone()),
            mint: Mint::new(issuer, Keys::new(followed.into()).expect("keys")),
            clients: ClientAuth::new(Secrets::fixed(secret("clients", &clients))),
            passwords: Passwords::new(2),
            sealer: Sealer::new(Secrets::fixed(secret(
                "totp",
                &[("current", sealing_key())],
            )))
            .expect("a key"),
            second_factor,
            federation: Federation::new(
                named.into(),
                Http::new(Reach::LoopbackToo).expect("a client"),
                clock.clone(),
            ),
            clock: clock.clone(),
            outbox: Waker::default(),
        };
        let guard = Guard::new(app.verifier(), APP_TOKEN.into());
        let router = routes::router(routes::routes(), &app, guard);
        Self {
            app,
            clock,
            redis,
            signing,
            providers,
            router,
        }
    }

    /// Sends a request as the sidecar would hand it over.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        let token = APP_TOKEN.parse().expect("a header");
        request.headers_mut().insert("dapr-api-token", token);
        let response = self.router.clone().oneshot(request).await;
        let response = response.unwrap_or_else(|never| match never {});
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.expect("a body");
        Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).expect("text"),
        }
    }

    /// A new person with this role, at these stores.
    pub async fn person(&self, role: Role, stores: &[Uuid]) -> PersonId {
        let id = PersonId(self.app.ids.next());
        let email = EmailAddress::parse(&format!("{id}@crema.example")).expect("an address");
        let person = NewPerson {
            id,
            email: &email,
            name: &Name::parse("Ada").expect("a name"),
            password_hash: Some("none"),
            role: stores.is_empty().then_some(role),
        };
        let mut db = self.app.db.acquire().await.expect("a connection");
        let new = store::people::insert(&mut db, &person, self.clock.now()).await;
        assert!(new.expect("inserted"));
        for store in stores {
            store::people::employ(&mut db, id, *store, role)
                .await
                .expect("a place");
        }
        id
    }

    /// A browser in which this person has just signed in.
    pub async fn signed_in(&self, person: PersonId) -> Browser<'_> {
        let now = self.clock.now();
        let session = Session {
            id: self.app.ids.next(),
            person,
            created_at: now,
        };
        let cookie = Opaque::new(&self.app.ids).expect("randomness");
        let mut db = self.app.db.acquire().await.expect("a connection");
        store::sessions::insert(&mut db, &session, &cookie.hash(), now + session::LIFETIME)
            .await
            .expect("a session");
        let mut browser = self.browser();
        browser.cookie = Some(format!("__Host-crema-id={}", cookie.reveal()));
        browser
    }

    /// An admin who has signed in through the BFF and calls this server's own routes.
    pub async fn operator(&self) -> Operator<'_> {
        let id = self.person(Role::Admin, &[]).await;
        let access = self.tokens_of(id).await.text("access_token");
        let exchanged = self.bff().exchange(&access, "identity").await;
        let token = exchanged.text("access_token");
        Operator {
            world: self,
            id,
            token,
        }
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser {
            world: self,
            cookie: None,
            origin: Some(ISSUER.to_owned()),
            address: None,
        }
    }

    pub fn client(&self, id: &str) -> Client<'_> {
        Client {
            world: self,
            credentials: Some(format!("{id}:{}", secret_of(id))),
        }
    }

    pub fn bff(&self) -> Client<'_> {
        self.client("bff")
    }

    /// The tokens of a customer who has just signed in through the BFF.
    pub async fn customer_tokens(&self) -> Answer {
        let customer = self.person(Role::Customer, &[]).await;
        self.tokens_of(customer).await
    }

    /// The tokens that the BFF gets for a person.
    pub async fn tokens_of(&self, person: PersonId) -> Answer {
        let code = self.signed_in(person).await.code().await;
        let answer = self.bff().redeem(&code).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }
}

/// Header and claims of a token, whose signature is checked with the published keys.
pub async fn verified(world: &World, token: &str) -> (Value, Value) {
    let request = Request::get("/oauth2/jwks")
        .body(Body::empty())
        .expect("a request");
    let keys: JwkSet = serde_json::from_value(world.send(request).await.json()).expect("keys");
    let header = jsonwebtoken::decode_header(token).expect("a header");
    let key = keys
        .find(header.kid.as_deref().expect("a kid"))
        .expect("published");
    let published = key.common.key_algorithm.expect("an alg");
    let algorithm = published.to_string().parse().expect("an algorithm");
    let key = jsonwebtoken::DecodingKey::from_jwk(key).expect("a key");
    let mut validation = jsonwebtoken::Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).expect("signed by us");
    let header = token.split('.').next().expect("a part");
    let header = URL_SAFE_NO_PAD.decode(header).expect("base64url");
    (
        serde_json::from_slice(&header).expect("JSON"),
        claims.claims,
    )
}
