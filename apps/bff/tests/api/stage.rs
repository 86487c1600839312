//! One BFF on its own stage: a sidecar, an identity, a store and a clock that the test plays.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bff::pages::Web;
use bff::perimeter::entrance::Entrance;
use bff::routes;
use bff::seal::Sealer;
use bff::session::StateStore;
use bff::state::{App, Parts};
use dapr_kit::{DaprError, Secret, Secrets};
use serde_json::Value;
use service::clock::Clock;
use service::routes::Route;
use testkit::{Issuer, Sidecar};
use tower::ServiceExt as _;

use crate::browser::Browser;
use crate::counts::Counts;
use crate::durable::Durable;
use crate::identity::Identity;

/// Everything around one BFF.
pub struct Stage {
    /// Its sidecar.
    pub sidecar: Sidecar,
    /// Its identity.
    pub identity: Identity,
    /// Whose tokens identity gives.
    pub issuer: Arc<Issuer>,
    /// Its state store.
    pub store: Arc<Store>,
    /// Its durable store.
    pub durable: Arc<Durable>,
    /// Its time.
    pub clock: Clock,
    /// It.
    pub app: App,
    /// What it says of its public listener.
    pub table: Vec<Route>,
    public: Entrance,
    own: Router,
    _web: Folder,
}

impl Stage {
    /// Sets one up; nobody is signed in.
    pub async fn set() -> Self {
        Self::with(Arc::default(), Clock::manual(Clock::system().now())).await
    }

    /// One of several replicas, which share what they count, and the time.
    pub async fn with(counter: Arc<Counts>, clock: Clock) -> Self {
        let sidecar = Sidecar::start().await;
        let issuer = Arc::new(Issuer::with_clock(clock.clone()));
        let identity = Identity::behind(&sidecar, issuer.clone()).await;
        let store = Arc::new(Store::default());
        let durable = Arc::new(Durable::default());
        let web = Folder::with_client();
        let app = App::new(Parts {
            dapr: sidecar.dapr(),
            client: fixed(
                "client",
                &[
                    ("client_id", "bff"),
                    ("client_secret", "client-secret-canary"),
                ],
            ),
            sealer: Sealer::new(fixed("session", &[("current", &STANDARD.encode([7; 32]))])),
            store: store.clone(),
            counter,
            shelf: durable.clone(),
            rate_factor: 1,
            clock: clock.clone(),
            address: issuer.address().parse().expect("an address"),
        });
        let (public, table) = routes::public(&app, &Web::open(&web.0).expect("a client"));
        let own = routes::table().into_router(app.clone(), issuer.guard("bff"));
        Self {
            sidecar,
            identity,
            issuer,
            store,
            durable,
            clock,
            app,
            table,
            public,
            own,
            _web: web,
        }
    }

    /// What is behind the public listener.
    pub fn public(&self) -> Entrance {
        self.public.clone()
    }

    /// A browser without a cookie.
    pub fn browser(&self) -> Browser {
        Browser::new(self.public())
    }

    /// A browser in which somebody is signed in.
    pub async fn signed_in(&self) -> Browser {
        let mut browser = self.browser();
        self.sign_in(&mut browser, "/").await;
        browser
    }

    /// Signs somebody in in this browser.
    pub async fn sign_in(&self, browser: &mut Browser, return_to: &str) {
        let start = browser
            .get(&format!("/api/session/start?return={return_to}"))
            .await;
        assert_eq!(start.status, StatusCode::SEE_OTHER, "{start:?}");
        let back = self.identity.sign_in(start.header("location"));
        let finish = browser.get(&back).await;
        assert_eq!(finish.status, StatusCode::SEE_OTHER, "{finish:?}");
        assert_eq!(finish.header("location"), return_to);
    }

    /// What our sidecar gets for this request.
    pub async fn sidecar_calls(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.own.clone().oneshot(request).await.expect("infallible");
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX)
            .await
            .expect("a body");
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        )
    }
}

fn fixed(name: &str, fields: &[(&str, &str)]) -> Secrets {
    let fields = fields
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Secrets::fixed(Secret::new(name, fields.collect()))
}

type Values = HashMap<String, (Vec<u8>, Duration)>;

/// A state store that can be looked into, and be away.
#[derive(Default)]
pub struct Store {
    values: Mutex<Values>,
    away: AtomicBool,
}

impl Store {
    /// Makes every call fail from now on, or none.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// All that is in it.
    pub fn contents(&self) -> Vec<(String, Vec<u8>, Duration)> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values
            .iter()
            .map(|(key, (value, ttl))| (key.clone(), value.clone(), *ttl))
            .collect()
    }

    /// Puts a value in place of another, as somebody with access to it might.
    pub fn plant(&self, key: &str, value: Vec<u8>) {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.insert(key.to_owned(), (value, Duration::MAX));
    }

    fn open(&self) -> Result<MutexGuard<'_, Values>, DaprError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(DaprError::Config("the state store is away".into()));
        }
        Ok(self.values.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl StateStore for Store {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, DaprError> {
        Ok(self.open()?.get(key).map(|(value, _)| value.clone()))
    }

    async fn put(&self, key: &str, value: Vec<u8>, ttl: Duration) -> Result<(), DaprError> {
        self.open()?.insert(key.to_owned(), (value, ttl));
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), DaprError> {
        self.open()?.remove(key);
        Ok(())
    }
}

/// A folder with a built client, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn with_client() -> Self {
        let name = format!(
            "crema-bff-{}",
            service::ids::Ids::new(Clock::system()).next()
        );
        let root = std::env::temp_dir().join(name);
        let write = |path: &Path, text: &[u8]| std::fs::write(path, text).expect("a file");
        std::fs::create_dir_all(root.join("assets")).expect("a folder");
        write(
            &root.join("index.html"),
            b"<!doctype html><title>Crema</title>",
        );
        write(&root.join("secret.txt"), b"not to be served");
        write(&root.join("assets/app-0a1b.wasm"), b"\0asm plain");
        write(&root.join("assets/app-0a1b.wasm.br"), b"compressed");
        write(&root.join("assets/app-0a1b.js"), b"export {}");
        Self(root)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed is left to the system's own cleaning.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
