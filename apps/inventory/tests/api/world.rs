//! One service with a database of its own, two stores with three items, and callers with tokens.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use chrono::{DateTime, Utc};
use inventory::recipe::RecipeBook;
use inventory::routes;
use inventory::state::App;
use inventory::stock::{ItemId, Kind, Movement, Portion, Posting, StoreId, Unit};
use inventory::store::levels::{Guard, Posted};
use inventory::store::{levels, recipes};
use inventory::sweeper;
use outbox::Relay;
use serde_json::{Value, json};
use service::clock::Clock;
use service::ids::Ids;
use sqlx::PgPool;
pub use testkit::call::{Answer, request};
use testkit::call::{delivery, send};
use testkit::{Claims, Issuer, Sidecar};
use uuid::Uuid;

pub const STORE: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001);
pub const OTHER_STORE: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0002);
pub const BEANS: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_6001);
pub const MILK: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_6002);
pub const BUN: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_6003);
/// 18 g of beans.
pub const FLAT_WHITE: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_5001);
/// 9 g of beans.
pub const ESPRESSO: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_5002);
/// One bun.
pub const BUN_PIECE: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_5003);
/// No recipe.
pub const GIFT_CARD: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_5004);
/// 150 ml of milk.
pub const WHOLE_MILK: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_4001);
/// 9 g of beans.
pub const SHOT: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_4002);
const MANAGER: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_2001);

/// All scopes that this service knows.
pub const SCOPES: &str =
    "inventory:reserve inventory:read inventory:manage inventory:availability inventory:operate";

pub struct World {
    pub app: App,
    pub issuer: Issuer,
    pub router: Router,
    _sidecar: Sidecar,
}

impl World {
    /// Both stores keep `beans` g, `milk` ml and `buns`.
    pub async fn with(beans: i64, milk: i64, buns: i64) -> Self {
        let world = Self::empty().await;
        for store in [STORE, OTHER_STORE] {
            world
                .keep(store, &[(BEANS, beans), (MILK, milk), (BUN, buns)])
                .await;
        }
        world
    }

    /// Plenty of everything.
    pub async fn new() -> Self {
        Self::with(10_000, 100_000, 1_000).await
    }

    /// Items and recipes, and no store.
    pub async fn empty() -> Self {
        let db = testkit::database(&[&inventory::MIGRATOR, &outbox::MIGRATOR]).await;
        let clock = Clock::manual(morning());
        let sidecar = Sidecar::start().await;
        let relay = Relay::new(db.clone(), sidecar.dapr(), "pubsub", "inventory-events");
        let app = App {
            recipes: Arc::new(write_recipes(&db).await),
            db,
            ids: Ids::new(clock.clone()),
            clock,
            outbox: relay.waker(),
        };
        let issuer = Issuer::new();
        Self {
            router: routes::table().into_router(app.clone(), issuer.guard("inventory")),
            app,
            issuer,
            _sidecar: sidecar,
        }
    }

    /// Adds a store that keeps these items.
    pub async fn keep(&self, store: Uuid, items: &[(Uuid, i64)]) {
        let mut connection = self.db().acquire().await.expect("a connection");
        recipes::insert_store(&mut connection, StoreId(store))
            .await
            .expect("a store");
        for (item, _) in items {
            recipes::insert_level(&mut connection, StoreId(store), ItemId(*item), 0)
                .await
                .expect("a level");
        }
        let movements = items.iter().filter(|(_, quantity)| *quantity > 0);
        let movement = |(item, quantity): &(Uuid, i64)| Movement {
            id: self.app.ids.next(),
            item_id: ItemId(*item),
            kind: Kind::Initial,
            quantity: *quantity,
            reason: None,
        };
        let posting = Posting {
            store_id: StoreId(store),
            order_id: None,
            return_id: None,
            actor: "the test".to_owned(),
            at: self.app.clock.now(),
            movements: movements.map(movement).collect(),
        };
        let posted = levels::post(&mut connection, &posting, Guard::On).await;
        assert_eq!(posted.expect("the initial stock"), Posted::All);
    }

    pub fn db(&self) -> &PgPool {
        &self.app.db
    }

    /// Opens every connection of the pool, so that a rush is one in the database too.
    pub async fn warm(&self) {
        let all = (0..self.db().options().get_max_connections()).map(|_| self.db().acquire());
        for connection in futures::future::join_all(all).await {
            connection.expect("a connection");
        }
    }

    /// A new order's id.
    pub fn order(&self) -> Uuid {
        self.app.ids.next()
    }

    pub fn token(&self, scope: &str, stores: &[Uuid]) -> String {
        self.issuer.token("inventory", |claims: &mut Claims| {
            claims.person(MANAGER, "manager");
            scope.clone_into(&mut claims.scope);
            claims.stores = stores.to_vec();
        })
    }

    /// The order service's own token.
    pub fn saga(&self) -> String {
        self.issuer.token("inventory", |claims: &mut Claims| {
            "order".clone_into(&mut claims.sub);
            "order".clone_into(&mut claims.client_id);
            "inventory:reserve".clone_into(&mut claims.scope);
        })
    }

    /// Of [`STORE`].
    pub fn manager(&self) -> String {
        self.token("inventory:read inventory:manage", &[STORE])
    }

    pub fn operator(&self) -> String {
        self.token("inventory:operate", &[])
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.router, request).await
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        let request = request(Method::GET, path, token).body(Body::empty());
        self.send(request.expect("a request")).await
    }

    pub async fn put(&self, token: &str, path: &str, body: &Value) -> Answer {
        let request = request(Method::PUT, path, token)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into());
        self.send(request.expect("a request")).await
    }

    /// A command of staff, under a key.
    pub async fn command(&self, token: &str, path: &str, key: &str, body: &Value) -> Answer {
        let request = request(Method::POST, path, token)
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", key)
            .body(body.to_string().into());
        self.send(request.expect("a request")).await
    }

    /// Reserves `lines` for `order` in [`STORE`].
    pub async fn reserve(&self, order: Uuid, lines: &Value) -> Answer {
        let body = json!({"store_id": STORE, "lines": lines});
        self.put(&self.saga(), &format!("/v1/reservations/{order}"), &body)
            .await
    }

    /// The same, which must succeed.
    pub async fn reserved(&self, lines: &Value) -> Uuid {
        let order = self.order();
        let answer = self.reserve(order, lines).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        order
    }

    pub async fn release(&self, order: Uuid) -> Answer {
        let path = format!("/v1/reservations/{order}/release");
        let request = request(Method::POST, &path, &self.saga()).body(Body::empty());
        self.send(request.expect("a request")).await
    }

    /// What has become of an order's reservation.
    pub async fn status(&self, order: Uuid) -> String {
        let answer = self
            .get(&self.saga(), &format!("/v1/reservations/{order}"))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body["status"].as_str().expect("a status").to_owned()
    }

    /// A delivery of our sidecar.
    pub async fn deliver(&self, path: &str, event: &Value) -> StatusCode {
        self.send(delivery(path, event)).await.status
    }

    /// Delivers a new event about an order.
    pub async fn hear(&self, kind: &str, order: Uuid, sequence: i64) {
        let event = order_event(&self.app.ids.next().to_string(), kind, order, sequence);
        assert_eq!(
            self.deliver("/events/order", &event).await,
            StatusCode::NO_CONTENT
        );
    }

    pub async fn sweep(&self) -> usize {
        sweeper::sweep(&self.app).await.expect("a sweep")
    }
}

async fn write_recipes(db: &PgPool) -> RecipeBook {
    let mut connection = db.acquire().await.expect("a connection");
    for (item, name, unit) in [
        (BEANS, "House espresso beans", Unit::G),
        (MILK, "Whole milk", Unit::Ml),
        (BUN, "Cinnamon buns", Unit::Piece),
    ] {
        recipes::insert_item(&mut connection, ItemId(item), name, unit)
            .await
            .expect("an item");
    }
    let portion = |item, quantity| Portion {
        item_id: ItemId(item),
        quantity,
    };
    for (variation, portion) in [
        (FLAT_WHITE, portion(BEANS, 18)),
        (ESPRESSO, portion(BEANS, 9)),
        (BUN_PIECE, portion(BUN, 1)),
    ] {
        recipes::insert_variation_recipe(&mut connection, variation, portion)
            .await
            .expect("a recipe");
    }
    for (option, portion) in [(WHOLE_MILK, portion(MILK, 150)), (SHOT, portion(BEANS, 9))] {
        recipes::insert_option_recipe(&mut connection, option, portion)
            .await
            .expect("a recipe");
    }
    recipes::book(&mut connection).await.expect("the recipes")
}

/// When every test begins.
pub fn morning() -> DateTime<Utc> {
    "2026-03-02T07:30:00Z".parse().expect("an instant")
}

/// One line.
pub fn line(variation: Uuid, quantity: i64, options: &[Uuid]) -> Value {
    json!({"variation_id": variation, "quantity": quantity, "option_ids": options})
}

/// So many buns.
pub fn buns(quantity: i64) -> Value {
    json!([line(BUN_PIECE, quantity, &[])])
}

/// An event of the order service, as our sidecar delivers it.
pub fn order_event(id: &str, kind: &str, order: Uuid, sequence: i64) -> Value {
    let sample = match kind {
        "order.confirmed.v1" => include_str!("../../../order/events/order.confirmed.v1.json"),
        "order.cancelled.v1" => include_str!("../../../order/events/order.cancelled.v1.json"),
        "order.created.v1" => include_str!("../../../order/events/order.created.v1.json"),
        other => panic!("no sample of {other}"),
    };
    let mut event: Value = serde_json::from_str(sample).expect("a golden sample is JSON");
    assert_eq!(event["type"], kind);
    event["id"] = json!(id);
    event["subject"] = json!(order);
    event["sequence"] = json!(sequence.to_string());
    event["data"]["order_id"] = json!(order);
    event["data"]["version"] = json!(sequence);
    event
}
