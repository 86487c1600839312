//! One service with a database of its own, a sidecar with catalog, inventory and payment behind it, and people with
//! tokens.

use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use chrono::{DateTime, Utc};
use dapr_kit::{Dapr, Secret, Secrets, Tokens};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use order::checkout::handle::{Checkouts, Held};
use order::checkout::runner::Runner;
use order::in_flight::InFlight;
use order::numbers::Numbers;
use order::returns::handle::Returns;
use order::routes;
use order::state::App;
use order::waits::Waits;
use outbox::Relay;
use serde_json::{Value, json};
use service::clock::Clock;
use service::ids::Ids;
use sqlx::PgPool;
pub use testkit::call::request;
use testkit::call::{bulk, statuses};
use testkit::{APP_TOKEN, Claims, Issuer, Sidecar};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use uuid::Uuid;
use wiremock::ResponseTemplate;

use crate::shop::{Shop, always, quote};

pub const STORE: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001);
pub const OTHER_STORE: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0002);
pub const FLAT_WHITE: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_1001);
pub const CUSTOMER: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_2001);
const STRANGER: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_2002);
const OPERATOR: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_2004);
const BARISTA: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_2003);

/// What bringing something costs.
pub const FEE: i64 = 250;
/// What one flat white costs.
pub const PRICE: i64 = 445;

pub struct World {
    pub app: App,
    pub sidecar: Sidecar,
    pub issuer: Issuer,
    pub shop: Shop,
    pub router: Router,
    /// When the catalog says that the store is open.
    openings: Arc<Mutex<Value>>,
    inbox: Mutex<Option<Inbox>>,
    runners: Mutex<Vec<JoinHandle<()>>>,
}

type Inbox = mpsc::UnboundedReceiver<Held>;

impl Drop for World {
    fn drop(&mut self) {
        let runners = self
            .runners
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for runner in runners {
            runner.abort();
        }
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The problem's slug and the pointers of its errors.
    pub fn problem(&self) -> (String, Vec<String>) {
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        let kind = self.body["type"].as_str().expect("a type");
        let slug = kind
            .strip_prefix("urn:problem-type:crema:")
            .expect("a type of ours");
        let pointers = self.body["errors"].as_array().into_iter().flatten();
        let pointers = pointers.map(|error| error["pointer"].as_str().expect("a pointer").into());
        (slug.into(), pointers.collect())
    }

    pub fn id(&self) -> Uuid {
        self.body["id"]
            .as_str()
            .expect("an id")
            .parse()
            .expect("a UUID")
    }
}

impl World {
    /// A service whose catalog sells flat whites.
    pub async fn new() -> Self {
        let world = Self::without_catalog().await;
        world.catalog_sells("Europe/Warsaw", Duration::ZERO).await;
        world
    }

    /// A service whose catalog is not there.
    pub async fn without_catalog() -> Self {
        let world = Self::without_runner().await;
        world.start_runner(&world.app);
        world
    }

    /// A service whose catalog is not there and whose checkouts nobody drives.
    pub async fn without_runner() -> Self {
        trace();
        let db = testkit::database(&[&order::MIGRATOR, &outbox::MIGRATOR]).await;
        let sidecar = Sidecar::start().await;
        sidecar
            .invoke("identity", Method::POST, "/oauth2/token")
            .respond_with(token)
            .await;
        let shop = Shop::open(&sidecar).await;
        let issuer = Issuer::new();
        let (app, inbox) = app(db, &sidecar);
        let router = router(&app, &issuer);
        Self {
            app,
            sidecar,
            issuer,
            shop,
            openings: Arc::new(Mutex::new(always())),
            router,
            inbox: Mutex::new(Some(inbox)),
            runners: Mutex::default(),
        }
    }

    /// Starts this process's runner, which works with `app`.
    pub fn start_runner(&self, app: &App) {
        self.run(self.runner(app));
    }

    fn run(&self, runner: Runner) {
        let runner = tokio::spawn(runner.run(std::future::pending()));
        self.runners.lock().expect("the runners").push(runner);
    }

    /// Another process of the same service on the same database.
    pub fn sibling(&self) -> Router {
        let (checkouts, inbox) = Checkouts::new(self.app.ids.next());
        let app = App {
            in_flight: InFlight::default(),
            numbers: Numbers::default(),
            waits: Waits::default(),
            checkouts,
            returns: Returns::default(),
            ..self.app.clone()
        };
        self.run(Runner::new(app.clone(), inbox));
        router(&app, &self.issuer)
    }

    pub async fn catalog_sells(&self, zone: &'static str, after: Duration) {
        self.catalog_asks(PRICE, zone, after).await;
    }

    /// The catalog sells at this price, and answers after a while.
    pub async fn catalog_asks(&self, price: i64, zone: &'static str, after: Duration) {
        let openings = Arc::clone(&self.openings);
        self.sidecar
            .invoke("catalog", Method::POST, "/v1/quotes")
            .respond_with(move |request: &wiremock::Request| {
                let request: Value =
                    serde_json::from_slice(&request.body).expect("a quote's request");
                let openings = openings.lock().expect("the openings").clone();
                ResponseTemplate::new(200)
                    .set_delay(after)
                    .set_body_json(quote(&request, price, zone, &openings))
            })
            .await;
        let openings = Arc::clone(&self.openings);
        self.sidecar
            .invoke(
                "catalog",
                Method::GET,
                &format!("/v1/stores/{STORE}/openings"),
            )
            .respond_with(move |_: &wiremock::Request| {
                let openings = openings.lock().expect("the openings").clone();
                ResponseTemplate::new(200)
                    .set_body_json(json!({"timezone": zone, "openings": openings}))
            })
            .await;
    }

    /// The catalog says that the store is open from when to when.
    pub fn opens(&self, openings: &[(&str, &str)]) {
        let openings = openings
            .iter()
            .map(|(from, until)| json!({"from": from, "until": until}));
        *self.openings.lock().expect("the openings") = openings.collect();
    }

    /// Opens every connection of the pool, so that a rush is one in the database too.
    pub async fn warm(&self) {
        let all = (0..self.db().options().get_max_connections()).map(|_| self.db().acquire());
        for connection in futures::future::join_all(all).await {
            connection.expect("a connection");
        }
    }

    pub fn db(&self) -> &PgPool {
        &self.app.db
    }

    pub fn token(&self, user: Uuid, role: &str, scope: &str, stores: &[Uuid]) -> String {
        self.issuer.token("order", |claims: &mut Claims| {
            claims.person(user, role);
            scope.clone_into(&mut claims.scope);
            claims.stores = stores.to_vec();
        })
    }

    pub fn customer(&self) -> String {
        self.token(
            CUSTOMER,
            "customer",
            "order:place order:read order:cancel",
            &[],
        )
    }

    pub fn stranger(&self) -> String {
        self.token(
            STRANGER,
            "customer",
            "order:place order:read order:cancel",
            &[],
        )
    }

    /// Staff of [`STORE`].
    pub fn barista(&self) -> String {
        let scope = "order:place order:read order:cancel order:fulfil";
        self.token(BARISTA, "barista", scope, &[STORE])
    }

    /// Staff of another store.
    pub fn other_barista(&self) -> String {
        let scope = "order:place order:read order:cancel order:fulfil";
        self.token(BARISTA, "barista", scope, &[OTHER_STORE])
    }

    /// Who sees to the manual queue and to dead letters; works at no store.
    pub fn operator(&self) -> String {
        let scope = "order:place order:read order:cancel order:fulfil order:operate";
        self.token(OPERATOR, "admin", scope, &[])
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        send(self.router.clone(), request).await
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(
            request(Method::GET, path, token)
                .body(Body::empty())
                .expect("a request"),
        )
        .await
    }

    pub async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        let request = request(Method::POST, path, token)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into());
        self.send(request.expect("a request")).await
    }

    /// Has the sidecar deliver an event from a topic.
    pub async fn deliver(&self, path: &str, topic: &str, event: &Value) -> Answer {
        let request = Request::post(path)
            .header("dapr-api-token", APP_TOKEN)
            .header("__topic", topic)
            .header(header::CONTENT_TYPE, "application/cloudevents+json")
            .body(event.to_string().into());
        self.send(request.expect("a request")).await
    }

    /// Has the sidecar deliver events of a service in bulk, and says what becomes of each.
    pub async fn hear(&self, service: &str, events: &[Value]) -> Vec<String> {
        let (path, topic) = (format!("/events/{service}"), format!("{service}-events"));
        let answer = self.send(bulk(&path, &topic, events)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        statuses(&answer.body)
    }

    /// The dead letters.
    pub async fn letters(&self) -> Vec<Value> {
        let page = self.get(&self.operator(), "/v1/dead-letters").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        page.body["items"].as_array().expect("items").clone()
    }

    /// Places an order and waits for the end of its checkout.
    pub async fn place(&self, key: &str, body: &Value) -> Answer {
        self.send(waiting(place(&self.customer(), key, body))).await
    }

    /// The order, once `done` says so.
    pub async fn until(&self, order: Uuid, done: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let read = self
                .get(&self.customer(), &format!("/v1/orders/{order}"))
                .await;
            if done(&read.body) {
                return read.body;
            }
            assert!(Instant::now() < end, "still {}", read.body);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// An order of one flat white by [`Self::customer`].
    pub async fn ordered(&self) -> Answer {
        let answer = self
            .place(&self.app.ids.next().to_string(), &one_flat_white())
            .await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
        answer
    }

    /// This process's runner, which works with `app`, to be run by the test.
    pub fn runner(&self, app: &App) -> Runner {
        let inbox = self.inbox.lock().expect("the inbox").take();
        Runner::new(app.clone(), inbox.expect("one runner per process"))
    }

    pub async fn fulfil(&self, token: &str, order: Uuid, version: i64, status: &str) -> Answer {
        let path = format!("/v1/orders/{order}/fulfilment");
        let request = request(Method::POST, &path, token)
            .header(header::IF_MATCH, format!("\"{version}\""))
            .header(header::CONTENT_TYPE, "application/json")
            .body(json!({ "status": status }).to_string().into());
        self.send(request.expect("a request")).await
    }

    /// How many rows each table has that an order writes to: orders, lines, history, numbers, replays, outbox.
    pub async fn rows(&self) -> [i64; 6] {
        let tables = [
            "SELECT count(*) FROM orders",
            "SELECT count(*) FROM order_lines",
            "SELECT count(*) FROM order_history",
            "SELECT count(*) FROM daily_numbers",
            "SELECT count(*) FROM replays",
            "SELECT count(*) FROM outbox.events",
        ];
        let mut counts = [0; 6];
        for (count, sql) in counts.iter_mut().zip(tables) {
            *count = sqlx::query_scalar(sql)
                .fetch_one(self.db())
                .await
                .expect("a count");
        }
        counts
    }
}

/// Gives every request a trace. For the whole process: a subscriber of one thread alone is switched off by the others.
fn trace() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let traces = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(traces.tracer("tests"));
        tracing_subscriber::registry().with(layer).init();
    });
}

fn app(db: PgPool, sidecar: &Sidecar) -> (App, Inbox) {
    let dapr = Dapr::connect(&sidecar.config()).expect("a sidecar");
    let client = [("client_id", "order"), ("client_secret", "of a test")];
    let client = client.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let client = Secrets::fixed(Secret::new("client", client.into()));
    let clock = Clock::manual(morning());
    let ids = Ids::new(clock.clone());
    let (checkouts, inbox) = Checkouts::new(ids.next());
    let app = App {
        outbox: Relay::new(db.clone(), dapr.clone(), "pubsub", "order-events").waker(),
        db,
        tokens: Tokens::new(dapr.clone(), "identity", client),
        dapr,
        ids,
        clock,
        in_flight: InFlight::default(),
        numbers: Numbers::default(),
        waits: Waits::default(),
        checkouts,
        returns: Returns::default(),
    };
    (app, inbox)
}

/// What identity answers: a token that names its audience.
fn token(request: &wiremock::Request) -> ResponseTemplate {
    let form = String::from_utf8_lossy(&request.body);
    let audience = form
        .split('&')
        .find_map(|field| field.strip_prefix("audience="));
    let token = format!("for-{}", audience.expect("an audience"));
    ResponseTemplate::new(200)
        .set_body_json(json!({"access_token": token, "token_type": "Bearer", "expires_in": 300}))
}

fn router(app: &App, issuer: &Issuer) -> Router {
    routes::table().into_router(app.clone(), issuer.guard("order"))
}

/// Waits for a condition.
pub async fn until<F: Future<Output = bool>>(what: &str, done: impl Fn() -> F) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done().await {
        assert!(Instant::now() < end, "never {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// When every test begins: 8:30 in Warsaw.
pub fn morning() -> DateTime<Utc> {
    "2026-03-02T07:30:00Z".parse().expect("an instant")
}

pub async fn send(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let body = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&body).expect("a JSON body")
    };
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

pub fn place(token: &str, key: &str, body: &Value) -> Request<Body> {
    request(Method::POST, "/v1/orders", token)
        .header("idempotency-key", key)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.to_string().into())
        .expect("a request")
}

/// The request, with the wish to wait for the end of the checkout.
pub fn waiting(mut request: Request<Body>) -> Request<Body> {
    let prefer = "wait=8".parse().expect("a header value");
    request.headers_mut().insert("prefer", prefer);
    request
}

/// One flat white, by card.
pub fn by_card(token: &str) -> Value {
    let mut body = one_flat_white();
    body["payment"] = json!({"method": "card", "token": token});
    body
}

pub fn order_of(quantity: i64) -> Value {
    json!({
        "store_id": STORE,
        "lines": [{"variation_id": FLAT_WHITE, "quantity": quantity, "option_ids": []}],
        "payment": {"method": "counter"},
    })
}

pub fn one_flat_white() -> Value {
    order_of(1)
}
