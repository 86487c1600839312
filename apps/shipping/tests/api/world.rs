//! One service with a database of its own, two stores with zones, a carrier, and callers with tokens.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use dapr_kit::Dapr;
use outbox::Relay;
use serde_json::{Value, json};
use service::clock::Clock;
use service::ids::Ids;
use shipping::shipment::{OrderId, Shipment};
use shipping::state::App;
use shipping::store::shipments;
use shipping::{driver, feed, routes, seed};
use sqlx::PgPool;
pub use testkit::call::{Answer, request};
use testkit::call::{bulk, delivery, send, statuses};
use testkit::events::kinds;
use testkit::{Claims, Issuer, log};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::carrier::{self, Carrier};

/// In Kraków.
pub const OTHER_STORE: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001);
/// In Leipzig.
pub const STORE: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0002);
pub const ADA: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_2001);
pub const BOB: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_2002);
const STAFF: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_2003);

/// All scopes that this service knows.
pub const SCOPES: &str = "shipping:quote shipping:announce shipping:read shipping:dispatch shipping:manage \
                          shipping:operate";
/// What driving to [`address`] costs.
pub const FEE: i64 = 250;
/// How long a courier is looked for in tests.
pub const SEARCH: TimeDelta = TimeDelta::minutes(10);

pub struct World {
    pub app: App,
    pub carrier: Carrier,
    pub issuer: Issuer,
    pub router: Router,
}

impl World {
    /// With the demonstration's zones.
    pub async fn new() -> Self {
        let world = Self::empty().await;
        assert!(seed::demo(world.db()).await.expect("the seed"));
        world
    }

    /// Without any store.
    pub async fn empty() -> Self {
        log::keep();
        let db = testkit::database(&[&shipping::MIGRATOR, &outbox::MIGRATOR]).await;
        let (carrier, config) = carrier::start().await;
        let dapr = Dapr::connect(&config).expect("a usable configuration");
        let clock = Clock::manual(morning());
        let app = App {
            outbox: Relay::new(db.clone(), dapr.clone(), "pubsub", "shipping-events").waker(),
            db,
            dapr,
            ids: Ids::new(clock.clone()),
            clock,
            undone: Arc::new(Notify::new()),
            search: SEARCH,
        };
        let issuer = Issuer::new();
        let router = routes::table().into_router(app.clone(), issuer.guard("shipping"));
        Self {
            app,
            carrier,
            issuer,
            router,
        }
    }

    pub fn db(&self) -> &PgPool {
        &self.app.db
    }

    /// A new order's id.
    pub fn order(&self) -> Uuid {
        self.app.ids.next()
    }

    pub fn token(&self, user: Uuid, scope: &str, stores: &[Uuid]) -> String {
        self.issuer.token("shipping", |claims: &mut Claims| {
            claims.person(user, "whoever");
            scope.clone_into(&mut claims.scope);
            claims.stores = stores.to_vec();
        })
    }

    /// The order service, for itself.
    pub fn placing(&self) -> String {
        self.issuer.token("shipping", |claims: &mut Claims| {
            "order".clone_into(&mut claims.sub);
            "order".clone_into(&mut claims.client_id);
            "shipping:announce".clone_into(&mut claims.scope);
        })
    }

    pub fn customer(&self, user: Uuid) -> String {
        self.token(user, "shipping:quote shipping:read", &[])
    }

    /// Of [`STORE`], as a manager.
    pub fn staff(&self) -> String {
        let scopes = "shipping:read shipping:dispatch shipping:manage";
        self.token(STAFF, scopes, &[STORE])
    }

    pub fn operator(&self) -> String {
        self.token(STAFF, "shipping:operate", &[])
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.router, request).await
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        let request = request(Method::GET, path, token).body(Body::empty());
        self.send(request.expect("a request")).await
    }

    pub async fn ask(&self, method: Method, token: &str, path: &str, body: &Value) -> Answer {
        let request = request(method, path, token)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into());
        self.send(request.expect("a request")).await
    }

    pub async fn quote(&self, store: Uuid, address: &Value) -> Answer {
        let body = json!({"store_id": store, "address": address});
        let token = self.customer(ADA);
        self.ask(Method::POST, &token, "/v1/quotes", &body).await
    }

    pub async fn announce(&self, order: Uuid, body: &Value) -> Answer {
        let path = format!("/v1/shipments/{order}");
        self.ask(Method::PUT, &self.placing(), &path, body).await
    }

    /// An order of Ada's that is announced.
    pub async fn announced(&self) -> Uuid {
        let order = self.order();
        let answer = self.announce(order, &announcement(&address())).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        order
    }

    /// An order of Ada's for which a courier is looked.
    pub async fn searching(&self) -> Uuid {
        let order = self.announced().await;
        self.hear("order.confirmed.v1", order, 2).await;
        order
    }

    /// An order of Ada's with a courier.
    pub async fn booked(&self) -> Uuid {
        let order = self.searching().await;
        self.drive().await;
        assert_eq!(self.status(order).await, "booked");
        order
    }

    /// A delivery of our sidecar.
    pub async fn deliver(&self, path: &str, event: &Value) -> StatusCode {
        self.send(delivery(path, event)).await.status
    }

    /// A delivery in bulk of events about orders: what becomes of each.
    pub async fn deliver_orders(&self, events: &[Value]) -> Vec<String> {
        let answer = self
            .send(bulk("/events/order", "order-events", events))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        statuses(&answer.body)
    }

    /// Delivers a new event about an order.
    pub async fn hear(&self, kind: &str, order: Uuid, sequence: i64) {
        let event = order_event(&self.app.ids.next().to_string(), kind, order, sequence);
        assert_eq!(self.deliver_orders(&[event]).await, ["SUCCESS"]);
    }

    /// Delivers the event that somebody's account is removed.
    pub async fn remove(&self, user: Uuid) {
        let sample = include_str!("../../../identity/events/user.deleted.v1.json");
        let mut event: Value = serde_json::from_str(sample).expect("a golden sample is JSON");
        event["id"] = json!(self.app.ids.next());
        event["subject"] = json!(user);
        event["data"]["user_id"] = json!(user);
        assert_eq!(
            self.deliver("/events/account", &event).await,
            StatusCode::NO_CONTENT
        );
    }

    /// Lets the time pass that leases and pauses take, as the database sees it.
    pub async fn let_time_pass(&self) {
        for sql in [
            "UPDATE shipments SET leased_until = '-infinity'",
            "UPDATE shipments SET due_at = '-infinity' WHERE due_at IS NOT NULL",
            "UPDATE feed SET leased_until = '-infinity'",
        ] {
            sqlx::query(sql).execute(self.db()).await.expect("a change");
        }
    }

    /// Later: each shipment that waits for the carrier was taken up once.
    pub async fn drive(&self) {
        self.let_time_pass().await;
        driver::pass(&self.app).await.expect("a pass");
    }

    /// Later: all that the carrier told was read.
    pub async fn read_feed(&self) {
        self.let_time_pass().await;
        while feed::pass(&self.app).await.expect("a pass") > 0 {}
    }

    pub async fn shipment(&self, order: Uuid) -> Shipment {
        let mut connection = self.db().acquire().await.expect("a connection");
        let found = shipments::find(&mut connection, OrderId(order)).await;
        found.expect("a row or none").expect("a shipment")
    }

    pub async fn status(&self, order: Uuid) -> &'static str {
        self.shipment(order).await.status.name()
    }

    /// What is told of every order, in its order, as it is published.
    pub async fn published(&self) -> Vec<Value> {
        testkit::events::published(self.db()).await
    }

    /// The types of what is told of an order, in their order.
    pub async fn told(&self, order: Uuid) -> Vec<String> {
        let published = self.published().await;
        let ours = published
            .iter()
            .filter(|event| event["subject"] == json!(order));
        kinds(ours).into_iter().map(str::to_owned).collect()
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(self.db())
            .await
            .expect("a count")
    }
}

/// When every test begins.
pub fn morning() -> DateTime<Utc> {
    "2026-03-02T07:30:00Z".parse().expect("an instant")
}

pub fn eur(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

/// Near [`STORE`]. Whatever of it is found where it should not be, betrays where.
pub fn address() -> Value {
    json!({
        "name": "Ada Canary", "street": "Canary Row 7", "extra": "Canary Court", "postcode": "04109",
        "city": "Canary City", "country": "DE", "phone": "+49 341 2273", "note": "Ring at Canary",
    })
}

/// Of an order of Ada's to this address.
pub fn announcement(address: &Value) -> Value {
    json!({"store_id": STORE, "customer_id": ADA, "address": address, "fee": eur(FEE)})
}

/// An event of the order service, as our sidecar delivers it; `ready` is a change of what is made.
pub fn order_event(id: &str, kind: &str, order: Uuid, sequence: i64) -> Value {
    let sample = match kind {
        "order.confirmed.v1" => include_str!("../../../order/events/order.confirmed.v1.json"),
        "order.cancelled.v1" => include_str!("../../../order/events/order.cancelled.v1.json"),
        "order.recalled.v1" => include_str!("../../../order/events/order.recalled.v1.json"),
        "order.created.v1" => include_str!("../../../order/events/order.created.v1.json"),
        "ready" => include_str!("../../../order/events/order.fulfilment_changed.v1.json"),
        other => panic!("no sample of {other}"),
    };
    let mut event: Value = serde_json::from_str(sample).expect("a golden sample is JSON");
    event["id"] = json!(id);
    event["subject"] = json!(order);
    event["sequence"] = json!(sequence.to_string());
    event["data"]["order_id"] = json!(order);
    event["data"]["version"] = json!(sequence);
    event["data"]["delivery"] = json!({"courier": "awaited"});
    if kind == "ready" {
        event["data"]["fulfilment"] = json!("ready");
    }
    event
}
