//! One provider at a port of its own, with a ledger in a folder of its own, a merchant, and time that is turned by hand.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use acquirer::bank::Bank;
use acquirer::operation::Operation;
use acquirer::pace::Pace;
use acquirer::state::App;
use acquirer::trouble::Trouble;
use acquirer::webhooks::Courier;
use acquirer::{listener, routes};
use axum::http::Method;
use dapr_kit::{Secret, Secrets};
use serde_json::{Value, json};
use service::clock::Clock;
use service::ids::Ids;
use service::server::Shutdown;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use crate::merchant::{Merchant, WEBHOOK_SECRET};

pub const API_KEY: &str = "key_of_the_tests";

/// What comes, comes within this; a test whose condition never holds fails instead of hanging.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Waits for what is expected.
pub async fn soon<T>(expected: impl Future<Output = T>) -> T {
    let outcome = tokio::time::timeout(PATIENCE, expected).await;
    outcome.expect("it never happened")
}

/// A folder, removed when dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let name = Ids::new(Clock::system()).next();
        let path = std::env::temp_dir().join(format!("crema-acquirer-{name}"));
        std::fs::create_dir(&path).expect("a folder");
        Self(path)
    }

    pub fn ledger(&self) -> PathBuf {
        self.0.join("log.jsonl")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed is left to the system's own cleaning.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub struct World {
    pub app: App,
    pub base: String,
    pub merchant: Merchant,
    folder: Folder,
    end: watch::Sender<bool>,
    serving: JoinHandle<std::io::Result<()>>,
    telling: JoinHandle<()>,
    hearing: JoinHandle<()>,
}

/// An answer of the provider.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl World {
    pub async fn new() -> Self {
        Self::begin(Folder::new(), Merchant::default()).await
    }

    async fn begin(folder: Folder, merchant: Merchant) -> Self {
        let (address, hearing) = hear(&merchant).await;
        let clock = Clock::system();
        let (bank, owed) =
            Bank::open(&folder.ledger(), clock.clone(), Ids::new(clock.clone())).expect("a ledger");
        let (end, ended) = watch::channel(false);
        let app = App {
            bank: Arc::new(bank),
            trouble: Arc::new(Trouble::default()),
            pace: Pace::by_hand(),
            secrets: secrets(),
            shutdown: Shutdown::on(ended),
        };
        let courier = Courier::new(
            address,
            app.secrets.clone(),
            app.bank.clone(),
            clock,
            app.pace.clone(),
        )
        .expect("a client");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let router = routes::provider(app.clone());
        let serving = tokio::spawn(listener::serve(listener, router, app.shutdown.clone()));
        let telling = tokio::spawn(courier.run(owed));
        Self {
            app,
            base,
            merchant,
            folder,
            end,
            serving,
            telling,
            hearing,
        }
    }

    /// Ends the provider and starts another on the same ledger; `damage` may have its way with the file in between.
    pub async fn restart(self, damage: impl FnOnce(&Path)) -> Self {
        self.end.send_replace(true);
        self.serving.await.expect("no panic").expect("an end");
        self.telling.abort();
        self.hearing.abort();
        // What was under way ends too; only then is the ledger free.
        soon(async {
            while Arc::strong_count(&self.app.bank) > 1 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        drop(self.app);
        damage(&self.folder.ledger());
        Self::begin(self.folder, self.merchant).await
    }

    pub fn ledger(&self) -> String {
        std::fs::read_to_string(self.folder.ledger()).expect("a ledger")
    }

    /// The ledger's operations.
    pub fn lines(&self) -> Vec<Operation> {
        let ledger = self.ledger();
        let operations = ledger.lines().filter(|line| !line.contains("\"webhook\""));
        operations
            .map(|line| serde_json::from_str(line).expect("an operation"))
            .collect()
    }

    /// The answer, or nothing if the connection was closed without one.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<Value>,
    ) -> Option<Answer> {
        call(&self.base, method, path, key, body).await
    }

    pub async fn post(&self, path: &str, key: &str, body: Value) -> Answer {
        let answer = self.call(Method::POST, path, Some(key), Some(body)).await;
        answer.expect("an answer")
    }

    pub async fn get(&self, path: &str) -> Answer {
        let answer = self.call(Method::GET, path, None, None).await;
        answer.expect("an answer")
    }

    pub async fn control(&self, what: &str, body: Value) -> Answer {
        let path = format!("/control/{what}");
        let answer = self.call(Method::PUT, &path, None, Some(body)).await;
        answer.expect("an answer")
    }

    /// Sets 5.00 aside for a purchase of the token's name, and answers the id.
    pub async fn authorised(&self, token: &str) -> String {
        let answer = self
            .post(
                "/v1/authorisations",
                &format!("{token}:au"),
                authorise(token),
            )
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.id()
    }

    /// Sets 5.00 aside and takes them; answers both ids.
    pub async fn captured(&self, token: &str) -> (String, String) {
        let authorisation = self.authorised(token).await;
        let answer = self
            .post(
                &captures(&authorisation),
                &format!("{token}:ca"),
                amount(500),
            )
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        (authorisation, answer.id())
    }
}

impl Answer {
    pub fn id(&self) -> String {
        self.body["id"].as_str().expect("an id").to_owned()
    }

    pub fn error(&self) -> &str {
        self.body["error"].as_str().expect("an error")
    }
}

pub async fn call(
    base: &str,
    method: Method,
    path: &str,
    key: Option<&str>,
    body: Option<Value>,
) -> Option<Answer> {
    // One connection for each call: a cut one hits no other call.
    let mut request = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client")
        .request(method, format!("{base}{path}"))
        .bearer_auth(API_KEY);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.ok()?;
    Some(Answer {
        status: answer.status().as_u16(),
        body: answer.json().await.expect("a JSON body"),
    })
}

pub fn secrets() -> Secrets {
    let fields = [("api_key", API_KEY), ("webhook_secret", WEBHOOK_SECRET)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Secrets::fixed(Secret::new("merchant", fields.into()))
}

async fn hear(merchant: &Merchant) -> (Url, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = merchant.router();
    let hearing = tokio::spawn(async move {
        axum::serve(listener, router).await.expect("a merchant");
    });
    let url = format!("http://{address}/webhooks/provider");
    (url.parse().expect("a URL"), hearing)
}

/// 5.00 for a purchase of the token's name.
pub fn authorise(token: &str) -> Value {
    json!({ "reference": format!("order-{token}"), "token": token, "amount": euros(500) })
}

pub fn euros(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

pub fn amount(amount: i64) -> Value {
    json!({ "amount": euros(amount) })
}

pub fn captures(authorisation: &str) -> String {
    format!("/v1/authorisations/{authorisation}/captures")
}

pub fn voids(authorisation: &str) -> String {
    format!("/v1/authorisations/{authorisation}/voids")
}

pub fn refunds(capture: &str) -> String {
    format!("/v1/captures/{capture}/refunds")
}
