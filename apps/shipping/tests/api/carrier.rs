//! A carrier behind a sidecar: it keeps its own books, and behaves at each call as the test has told it to.
//!
//! Invariant: under one key it does one thing, however often it is asked; what it has done is the truth of a test.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use dapr_kit::DaprConfig;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use uuid::Uuid;

/// How one call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Nothing is done, and the answer is 503.
    Away,
    /// It is done, and the answer is 500.
    Lost,
    /// It is done, and nothing is ever answered.
    HangAfter,
    /// Nothing is done, and nothing ever answered.
    Hang,
    /// It is done, and answered with something of another shipment.
    Garbled,
    /// It is done, and answered with something that is no JSON.
    Babble,
    /// Nothing is done, and the answer is a refusal with this code.
    Refuses(&'static str),
    /// It is done, but the answer comes when the test says so.
    Waits,
}

#[derive(Default)]
struct Books {
    moods: BTreeMap<&'static str, VecDeque<Mood>>,
    calls: BTreeMap<&'static str, usize>,
    bookings: BTreeMap<String, Value>,
    bodies: Vec<Value>,
    ready: BTreeSet<String>,
    called_off: BTreeSet<String>,
    updates: Vec<Value>,
}

/// The stand-in. Clones share.
#[derive(Clone, Default)]
pub struct Carrier {
    books: Arc<Mutex<Books>>,
    executed: Arc<Notify>,
    answer: Arc<Notify>,
}

#[derive(Deserialize)]
struct After {
    after: i64,
}

/// The carrier and its address.
pub async fn start() -> (Carrier, DaprConfig) {
    let carrier = Carrier::default();
    let routes = Router::new()
        .route("/deliveries", post(book))
        .route("/deliveries/{id}/ready", post(call_in))
        .route("/cancellations/{key}", put(call_off))
        .route("/updates", get(updates))
        .with_state(carrier.clone());
    let served = Router::new().nest("/v1.0/invoke/courier/method/v1", routes);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, served).await });
    let base = format!("http://{address}");
    let config = DaprConfig {
        // Nothing here speaks gRPC; the channel is lazy, so only a call that needs it fails.
        grpc: base.parse().expect("an address"),
        http: base.parse().expect("an address"),
        api_token: Some("of-a-test".into()),
    };
    (carrier, config)
}

impl Carrier {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("nobody panics over the books")
    }

    /// How the next calls of this kind go, one after the other; later ones are good.
    pub fn will(&self, kind: &'static str, moods: &[Mood]) {
        self.books().moods.entry(kind).or_default().extend(moods);
    }

    /// From now on all goes as it should.
    pub fn forget_moods(&self) {
        self.books().moods.clear();
    }

    /// How often it was called so.
    pub fn calls(&self, kind: &'static str) -> usize {
        self.books().calls.get(kind).copied().unwrap_or(0)
    }

    /// What it was asked to book, as it came.
    pub fn asked(&self) -> Vec<Value> {
        self.books().bodies.clone()
    }

    /// How many deliveries were booked.
    pub fn bookings(&self) -> usize {
        self.books().bookings.len()
    }

    /// Whether somebody drives for this order.
    pub fn drives_for(&self, order: Uuid) -> bool {
        let books = self.books();
        let key = order.to_string();
        books.bookings.contains_key(&key) && !books.called_off.contains(&key)
    }

    /// Whether it was told that this order can be fetched.
    pub fn is_called_in(&self, order: Uuid) -> bool {
        self.books().ready.contains(&format!("dl_{order}"))
    }

    /// Whether this order was called off, booked or not.
    pub fn is_called_off(&self, order: Uuid) -> bool {
        self.books().called_off.contains(&order.to_string())
    }

    /// Books what nobody of us asked for any more, as a request that was long on its way would.
    pub fn forget_calling_off(&self, order: Uuid) {
        self.books().called_off.remove(&order.to_string());
    }

    /// Something happens to a delivery.
    pub fn tells(&self, reference: &str, state: &str) {
        self.tells_that(reference, state, "As it should", None);
    }

    /// The same, in these words, and with this guess.
    pub fn tells_that(&self, reference: &str, state: &str, note: &str, expected: Option<&str>) {
        let mut books = self.books();
        let seq = books.updates.len() + 1;
        books.updates.push(json!({
            "seq": seq, "at": "2026-03-02T07:41:00.000Z", "delivery": format!("dl_{reference}"),
            "reference": reference, "state": state, "note": note, "expected_at": expected,
        }));
    }

    /// Returns when something was done or left hanging.
    pub async fn executed(&self) {
        self.executed.notified().await;
    }

    /// Lets an answer go that waits.
    pub fn answer(&self) {
        self.answer.notify_one();
    }

    /// Does it in the mood of the moment.
    async fn go(&self, kind: &'static str, done: impl FnOnce(&mut Books) -> Response) -> Response {
        let (mood, response) = {
            let mut books = self.books();
            *books.calls.entry(kind).or_default() += 1;
            let moods = books.moods.entry(kind).or_default();
            match moods.pop_front() {
                Some(Mood::Away) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
                Some(Mood::Refuses(code)) => return refusal(code),
                Some(Mood::Hang) => (Some(Mood::Hang), None),
                mood => (mood, Some(done(&mut books))),
            }
        };
        self.executed.notify_one();
        match (mood, response) {
            (Some(Mood::Hang | Mood::HangAfter), _) => std::future::pending().await,
            (Some(Mood::Lost), _) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            (Some(Mood::Babble), _) => "<p>hello".into_response(),
            (Some(Mood::Garbled), _) => {
                let other = json!({"id": "dl_x", "reference": "another", "courier": "Nobody"});
                Json(other).into_response()
            }
            (Some(Mood::Waits), Some(response)) => {
                self.answer.notified().await;
                response
            }
            (_, response) => response.expect("something was done"),
        }
    }
}

fn refusal(code: &str) -> Response {
    (StatusCode::CONFLICT, Json(json!({ "error": code }))).into_response()
}

async fn book(
    State(carrier): State<Carrier>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let key = headers["idempotency-key"].to_str().expect("a key");
    let key = key.to_owned();
    let act = |books: &mut Books| {
        books.bodies.push(body.clone());
        if books.called_off.contains(&key) {
            return refusal("called_off");
        }
        let reference = body["reference"].as_str().expect("a reference");
        let delivery =
            json!({"id": format!("dl_{reference}"), "reference": reference, "courier": "Bruno"});
        let booked = books.bookings.entry(key).or_insert(delivery);
        (StatusCode::CREATED, Json(booked.clone())).into_response()
    };
    carrier.go("book", act).await
}

async fn call_in(State(carrier): State<Carrier>, Path(id): Path<String>) -> Response {
    let act = |books: &mut Books| {
        books.ready.insert(id.clone());
        Json(json!({"id": id, "state": "ready"})).into_response()
    };
    carrier.go("call_in", act).await
}

async fn call_off(State(carrier): State<Carrier>, Path(key): Path<String>) -> Response {
    let act = |books: &mut Books| {
        books.called_off.insert(key);
        Json(json!({"state": "cancelled"})).into_response()
    };
    carrier.go("call_off", act).await
}

async fn updates(State(carrier): State<Carrier>, Query(After { after }): Query<After>) -> Response {
    let act = |books: &mut Books| {
        let behind = books.updates.iter();
        let behind: Vec<_> = behind
            .filter(|update| update["seq"].as_i64() > Some(after))
            .take(2)
            .cloned()
            .collect();
        let next = behind
            .last()
            .map_or(json!(after), |last| last["seq"].clone());
        Json(json!({"updates": behind, "next": next})).into_response()
    };
    carrier.go("updates", act).await
}
