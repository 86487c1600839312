//! One service with a database of its own and a provider, and people and services with tokens.

use std::sync::Arc;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use chrono::{DateTime, Utc};
use dapr_kit::{DaprConfig, Secret, Secrets};
use outbox::Relay;
use payment::operation::Progress;
use payment::payment::{OrderId, Payment};
use payment::provider::Provider as Spoken;
use payment::state::App;
use payment::{resolver, routes, store};
use serde_json::{Value, json};
use service::clock::Clock;
use service::ids::Ids;
use sqlx::PgPool;
pub use testkit::call::{Answer, request};
use testkit::call::{delivery, send};
use testkit::{APP_TOKEN, Claims, Issuer, log};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::provider::{self, Provider};

pub const STORE: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001);
pub const OTHER_STORE: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0002);
const MANAGER: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_2004);

/// What every payment of a test is about, unless it says otherwise.
pub const AMOUNT: i64 = 890;
/// What stands for the card.
pub const TOKEN: &str = "tok_canary_4242";

pub struct World {
    pub app: App,
    pub provider: Provider,
    pub issuer: Issuer,
    pub config: DaprConfig,
    pub router: Router,
}

/// An answer about a payment.
pub trait OfPayment {
    /// Status and the payment's status, captured and refunded amounts.
    fn payment(&self) -> (u16, &str, i64, i64);
}

impl OfPayment for Answer {
    fn payment(&self) -> (u16, &str, i64, i64) {
        let amount = |name: &str| self.body[name]["amount"].as_i64().expect("an amount");
        let status = self.body["status"].as_str().expect("a status");
        (
            self.status.as_u16(),
            status,
            amount("captured"),
            amount("refunded"),
        )
    }
}

impl World {
    /// With the acquirer for a provider.
    pub async fn new() -> Self {
        Self::of(Spoken::Acquirer).await
    }

    pub async fn of(spoken: Spoken) -> Self {
        let (provider, config) = provider::start(spoken).await;
        Self::at(provider, config).await
    }

    /// With a sidecar that leads to another than the stand-in.
    pub async fn at(provider: Provider, config: DaprConfig) -> Self {
        log::keep();
        let db = testkit::database(&[&payment::MIGRATOR, &outbox::MIGRATOR]).await;
        let dapr = provider::dapr(&config);
        let secret = [("current", "newest"), ("previous", "older")];
        let secret = secret.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let clock = Clock::manual(morning());
        let app = App {
            outbox: Relay::new(db.clone(), dapr.clone(), "pubsub", "payment-events").waker(),
            db,
            dapr,
            ids: Ids::new(clock.clone()),
            clock,
            undecided: Arc::new(Notify::new()),
            reconcile: Arc::new(Notify::new()),
            provider: provider.spoken,
            webhook: Secrets::fixed(Secret::new("webhook", secret.into())),
        };
        let issuer = Issuer::new();
        let router = routes::table().into_router(app.clone(), issuer.guard("payment"));
        Self {
            app,
            provider,
            issuer,
            config,
            router,
        }
    }

    pub fn db(&self) -> &PgPool {
        &self.app.db
    }

    pub fn new_order(&self) -> OrderId {
        OrderId(self.app.ids.next())
    }

    /// The order service, for itself.
    pub fn order(&self) -> String {
        self.issuer.token("payment", |claims: &mut Claims| {
            "order".clone_into(&mut claims.sub);
            "order".clone_into(&mut claims.client_id);
            "payment:charge".clone_into(&mut claims.scope);
        })
    }

    fn staff(&self, stores: &[Uuid]) -> String {
        self.issuer.token("payment", |claims: &mut Claims| {
            claims.person(MANAGER, "manager");
            "payment:read payment:refund".clone_into(&mut claims.scope);
            claims.stores = stores.to_vec();
        })
    }

    /// Manager of [`STORE`].
    pub fn manager(&self) -> String {
        self.staff(&[STORE])
    }

    pub fn other_manager(&self) -> String {
        self.staff(&[OTHER_STORE])
    }

    pub fn operator(&self) -> String {
        self.issuer.token("payment", |claims: &mut Claims| {
            claims.person(MANAGER, "admin");
            "payment:operate".clone_into(&mut claims.scope);
        })
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.router, request).await
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        let request = request(Method::GET, path, token).body(Body::empty());
        self.send(request.expect("a request")).await
    }

    pub async fn put_payment(&self, order: OrderId, body: &Value) -> Answer {
        let path = format!("/v1/payments/{}", order.0);
        let request = request(Method::PUT, &path, &self.order())
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into());
        self.send(request.expect("a request")).await
    }

    pub async fn authorise(&self, order: OrderId) -> Answer {
        self.put_payment(order, &authorisation(AMOUNT)).await
    }

    async fn post(&self, order: OrderId, what: &str) -> Answer {
        let path = format!("/v1/payments/{}/{what}", order.0);
        let request = request(Method::POST, &path, &self.order()).body(Body::empty());
        self.send(request.expect("a request")).await
    }

    pub async fn capture(&self, order: OrderId) -> Answer {
        self.post(order, "capture").await
    }

    pub async fn void(&self, order: OrderId) -> Answer {
        self.post(order, "void").await
    }

    /// The saga's undoing of a capture.
    pub async fn undo(&self, order: OrderId) -> Answer {
        self.post(order, "refund").await
    }

    /// An order whose money was captured.
    pub async fn captured(&self) -> OrderId {
        let order = self.new_order();
        assert_eq!(self.authorise(order).await.status, StatusCode::OK);
        assert_eq!(self.capture(order).await.status, StatusCode::OK);
        order
    }

    pub async fn refund_by(&self, token: &str, order: OrderId, key: &str, body: &Value) -> Answer {
        let path = format!("/v1/payments/{}/refunds", order.0);
        let request = request(Method::POST, &path, token)
            .header("idempotency-key", key)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into());
        self.send(request.expect("a request")).await
    }

    pub async fn refund(&self, order: OrderId, key: &str, amount: i64) -> Answer {
        self.refund_by(&self.manager(), order, key, &refund(amount))
            .await
    }

    /// A message that something was done for an order, in the acquirer's words for what.
    pub fn message(&self, id: &str, kind: &str, order: OrderId) -> Value {
        self.message_of(id, kind, &order.0.to_string())
    }

    /// A message about whatever is called `reference`.
    pub fn message_of(&self, id: &str, kind: &str, reference: &str) -> Value {
        let created = morning().timestamp();
        if self.app.provider == Spoken::Acquirer {
            let data = json!({"id": "xx_1", "reference": reference, "status": "whatever"});
            return json!({"id": id, "type": kind, "created": created, "data": data});
        }
        let kind = match kind {
            "authorisation.succeeded" => "payment_intent.amount_capturable_updated",
            "authorisation.declined" => "payment_intent.payment_failed",
            "capture.succeeded" => "payment_intent.succeeded",
            "void.succeeded" => "payment_intent.canceled",
            "refund.succeeded" => "refund.updated",
            other => other,
        };
        let metadata = json!({"order": reference, "operation": "whatever"});
        let object = json!({"id": "xx_1", "object": "whatever", "metadata": metadata});
        json!({
            "id": id, "object": "event", "type": kind, "created": created, "api_version": "whatever",
            "data": {"object": object, "previous_attributes": {}},
        })
    }

    /// A message of the provider, signed at the service's time by `secret`.
    pub async fn webhook(&self, secret: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let signature = sign(secret, self.app.clock.now().timestamp(), &body);
        self.post_webhook(Some(&signature), body).await
    }

    pub async fn post_webhook(&self, signature: Option<&str>, body: String) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/v1/webhooks/provider")
            .header("dapr-api-token", APP_TOKEN);
        if let Some(signature) = signature {
            let header = match self.app.provider {
                Spoken::Acquirer => "acquirer-signature",
                Spoken::Stripe => "stripe-signature",
            };
            request = request.header(header, signature);
        }
        self.send(request.body(body.into()).expect("a request"))
            .await
    }

    /// An event as the sidecar delivers it.
    pub async fn deliver(&self, path: &str, event: &Value) -> Answer {
        self.send(delivery(path, event)).await
    }

    /// Lets the time pass that leases and pauses take, as the database sees it.
    pub async fn let_time_pass(&self) {
        sqlx::query(
            "UPDATE operations SET due_at = '-infinity', leased_until = '-infinity'
             WHERE state IN ('open', 'abandoned')",
        )
        .execute(self.db())
        .await
        .expect("a change");
    }

    /// Later: the resolver has taken up all that was left.
    pub async fn resolve(&self) {
        self.let_time_pass().await;
        while resolver::pass(&self.app).await.expect("a pass") > 0 {}
    }

    pub async fn payment_if_any(&self, order: OrderId) -> Option<Payment> {
        let mut connection = self.db().acquire().await.expect("a connection");
        let payment = store::payments::find(&mut connection, order).await;
        payment.expect("a row or none")
    }

    pub async fn payment(&self, order: OrderId) -> Payment {
        self.payment_if_any(order).await.expect("a payment")
    }

    /// Kind and progress of each operation of the order, oldest first.
    pub async fn operations(&self, order: OrderId) -> Vec<(&'static str, Progress)> {
        let payment = self.payment(order).await;
        let mut connection = self.db().acquire().await.expect("a connection");
        let operations = store::operations::of_payment(&mut connection, payment.id).await;
        let operations = operations.expect("rows").0.into_iter();
        operations
            .map(|one| (one.kind.name(), one.progress))
            .collect()
    }

    /// The types of the events in the outbox, in their order.
    pub async fn events(&self) -> Vec<String> {
        sqlx::query_scalar("SELECT type FROM outbox.events ORDER BY position")
            .fetch_all(self.db())
            .await
            .expect("the outbox")
    }

    /// Whatever happened: our books are balanced and equal to the provider's.
    pub async fn check_money(&self, order: OrderId) {
        let payment = self.payment(order).await;
        let reference = order.0.to_string();
        assert_eq!(payment.net(), self.provider.net(&reference), "{payment:?}");
        let booked: Option<i64> = sqlx::query_scalar(
            "SELECT sum(amount)::bigint FROM ledger WHERE payment_id = $1 AND account = 'provider_receivable'",
        )
        .bind(payment.id.0)
        .fetch_one(self.db())
        .await
        .expect("a sum");
        assert_eq!(payment.net(), booked.unwrap_or(0), "{payment:?}");
        let unbalanced: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM (SELECT FROM ledger GROUP BY transaction_id, currency HAVING sum(amount) <> 0) AS t",
        )
        .fetch_one(self.db())
        .await
        .expect("a count");
        assert_eq!(unbalanced, 0);
    }
}

/// When every test begins.
pub fn morning() -> DateTime<Utc> {
    "2026-03-02T07:30:00Z".parse().expect("an instant")
}

pub fn eur(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

pub fn authorisation(amount: i64) -> Value {
    json!({"store_id": STORE, "amount": eur(amount), "token": TOKEN})
}

pub fn refund(amount: i64) -> Value {
    json!({"amount": eur(amount), "reason": "the milk was sour"})
}

pub fn sign(secret: &str, at: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at}.{body}").as_bytes());
    let hex: Vec<_> = tag
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("t={at},v1={}", hex.concat())
}
