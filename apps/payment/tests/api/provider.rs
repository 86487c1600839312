//! A provider behind a sidecar: it keeps its own books, and behaves at each call as the test has told it to.
//!
//! Invariant: under one key it does one thing, however often it is asked; what it has done is the truth of a test.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use dapr_kit::{Dapr, DaprConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// How one call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    Good,
    /// The card's bank does not want to.
    Decline,
    /// It is done, and the answer lost: the sidecar says that it reached nobody.
    Lost,
    /// It is done, and nothing is ever answered.
    HangAfter,
    /// Nothing is done, and nothing ever answered.
    Hang,
    /// Nothing is done, and the answer is 503.
    Away,
    /// The answer is 503; it is done when the test lets the provider [catch up](Provider::catch_up).
    Late,
    /// It is done, and answered with something of another purchase.
    Garbled,
}

/// One thing that was done.
#[derive(Clone, Debug)]
pub struct Done {
    pub id: String,
    pub kind: &'static str,
    pub reference: String,
    pub amount: i64,
    /// What it was done to.
    pub of: Option<String>,
}

#[derive(Clone)]
struct Asked {
    key: String,
    kind: &'static str,
    of: Option<String>,
    body: Value,
}

#[derive(Default)]
struct Books {
    answers: HashMap<String, (StatusCode, Value)>,
    done: Vec<Done>,
    moods: BTreeMap<&'static str, VecDeque<Mood>>,
    late: Vec<Asked>,
    keys: Vec<(&'static str, String)>,
    looked_up: usize,
    silent: bool,
}

#[derive(Clone, Default)]
pub struct Provider {
    books: Arc<Mutex<Books>>,
    executed: Arc<Notify>,
}

/// The provider and its address.
pub async fn start() -> (Provider, DaprConfig) {
    let provider = Provider::default();
    let base = "/v1.0/invoke/provider/method/v1";
    let router = Router::new()
        .route(&format!("{base}/authorisations"), post(authorise))
        .route(
            &format!("{base}/authorisations/{{id}}/captures"),
            post(capture),
        )
        .route(&format!("{base}/authorisations/{{id}}/voids"), post(void))
        .route(&format!("{base}/captures/{{id}}/refunds"), post(refund))
        .route(&format!("{base}/operations"), get(operations))
        .with_state(provider.clone());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    let base: String = format!("http://{address}");
    let config = DaprConfig {
        // Nothing here speaks gRPC; the channel is lazy, so only a call that needs it fails.
        grpc: base.parse().expect("an address"),
        http: base.parse().expect("an address"),
        api_token: Some("of-a-test".into()),
    };
    (provider, config)
}

/// A client with breakers of its own.
pub fn dapr(config: &DaprConfig) -> Dapr {
    Dapr::connect(config).expect("a usable configuration")
}

impl Provider {
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

    /// Whether questions about a key are answered 503.
    pub fn is_silent(&self, silent: bool) {
        self.books().silent = silent;
    }

    /// Does what it is late with.
    pub fn catch_up(&self) {
        let mut books = self.books();
        for asked in std::mem::take(&mut books.late) {
            books.execute(&asked, false);
        }
    }

    /// Returns when something was done since the last time.
    pub async fn executed(&self) {
        self.executed.notified().await;
    }

    /// What was done, oldest first.
    pub fn done(&self) -> Vec<Done> {
        self.books().done.clone()
    }

    /// How often something of this kind was done.
    pub fn count(&self, kind: &str) -> usize {
        self.done().iter().filter(|done| done.kind == kind).count()
    }

    /// The keys of the calls of this kind, repeated ones too.
    pub fn keys(&self, kind: &str) -> Vec<String> {
        let books = self.books();
        let keys = books.keys.iter().filter(|(of, _)| *of == kind);
        keys.map(|(_, key)| key.clone()).collect()
    }

    /// How often it was asked about a key.
    pub fn looked_up(&self) -> usize {
        self.books().looked_up
    }

    /// Captured and not refunded, in minor units.
    pub fn net(&self, reference: &str) -> i64 {
        let books = self.books();
        let of = |kind: &str| -> i64 {
            let done = books.done.iter();
            done.filter(|done| done.kind == kind && done.reference == reference)
                .map(|done| done.amount)
                .sum()
        };
        of("capture") - of("refund")
    }

    /// Whether money is held that was neither captured nor set free.
    pub fn holds(&self, reference: &str) -> bool {
        let books = self.books();
        let has = |kind: &str| {
            books
                .done
                .iter()
                .any(|done| done.kind == kind && done.reference == reference)
        };
        has("authorisation") && !has("capture") && !has("void")
    }

    async fn answer(&self, asked: Asked) -> Response {
        let (mood, answer) = {
            let mut books = self.books();
            books.keys.push((asked.kind, asked.key.clone()));
            let moods = books.moods.get_mut(asked.kind);
            let mood = moods.and_then(VecDeque::pop_front).unwrap_or(Mood::Good);
            let answer = match mood {
                Mood::Good | Mood::Lost | Mood::HangAfter | Mood::Garbled => {
                    Some(books.execute(&asked, false))
                }
                Mood::Decline => Some(books.execute(&asked, true)),
                Mood::Late => {
                    books.late.push(asked);
                    None
                }
                Mood::Away | Mood::Hang => None,
            };
            (mood, answer)
        };
        self.executed.notify_one();
        match (mood, answer) {
            (Mood::Hang | Mood::HangAfter, _) => std::future::pending().await,
            (Mood::Lost, _) => {
                let lost =
                    json!({"errorCode": "ERR_DIRECT_INVOKE", "message": "connection closed"});
                (StatusCode::INTERNAL_SERVER_ERROR, Json(lost)).into_response()
            }
            (Mood::Garbled, Some((status, mut body))) => {
                body["reference"] = json!("another");
                (status, Json(body)).into_response()
            }
            (_, Some((status, body))) => (status, Json(body)).into_response(),
            (_, None) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }
}

impl Books {
    fn execute(&mut self, asked: &Asked, declined: bool) -> (StatusCode, Value) {
        if let Some(answer) = self.answers.get(&asked.key) {
            return answer.clone();
        }
        let answer = self.decide(asked, declined);
        self.answers.insert(asked.key.clone(), answer.clone());
        answer
    }

    fn decide(&mut self, asked: &Asked, declined: bool) -> (StatusCode, Value) {
        let of = asked.of.as_ref().map(|id| {
            let of = self.done.iter().find(|done| done.id == *id);
            of.expect("an id that we gave").clone()
        });
        let reference = match &of {
            Some(of) => of.reference.clone(),
            None => asked.body["reference"]
                .as_str()
                .expect("a reference")
                .to_owned(),
        };
        let amount = match asked.kind {
            "void" => of.as_ref().map_or(0, |of| of.amount),
            _ => asked.body["amount"]["amount"].as_i64().expect("an amount"),
        };
        let on = |kind: &str| -> i64 {
            let done = self.done.iter();
            done.filter(|done| done.kind == kind && done.of == asked.of)
                .map(|done| done.amount)
                .sum()
        };
        let refused = |error: &str| (StatusCode::CONFLICT, json!({ "error": error }));
        match asked.kind {
            "capture" if on("void") > 0 => return refused("already_voided"),
            "void" if on("capture") > 0 => return refused("already_captured"),
            "capture" | "refund"
                if on(asked.kind) + amount > of.as_ref().map_or(0, |of| of.amount) =>
            {
                return refused("over");
            }
            _ => {}
        }
        let id = format!("{}_{}", &asked.kind[..2], self.answers.len() + 1);
        let status = match asked.kind {
            _ if declined => "declined",
            "authorisation" => "authorised",
            "capture" => "captured",
            "void" => "voided",
            _ => "refunded",
        };
        let mut body = json!({
            "id": id, "kind": asked.kind, "reference": reference, "status": status,
            "amount": {"amount": amount, "currency": "EUR"},
        });
        if declined {
            body["decline_code"] = json!("insufficient_funds");
            return (StatusCode::PAYMENT_REQUIRED, body);
        }
        self.done.push(Done {
            id,
            kind: asked.kind,
            reference,
            amount,
            of: asked.of.clone(),
        });
        (StatusCode::CREATED, body)
    }
}

fn key(headers: &HeaderMap) -> String {
    let key = headers.get("idempotency-key").expect("a key");
    key.to_str().expect("a text").to_owned()
}

async fn authorise(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let asked = Asked {
        key: key(&headers),
        kind: "authorisation",
        of: None,
        body,
    };
    provider.answer(asked).await
}

async fn follow(
    provider: Provider,
    headers: HeaderMap,
    kind: &'static str,
    of: String,
    body: Value,
) -> Response {
    let asked = Asked {
        key: key(&headers),
        kind,
        of: Some(of),
        body,
    };
    provider.answer(asked).await
}

async fn capture(
    State(provider): State<Provider>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    follow(provider, headers, "capture", id, body).await
}

async fn void(
    State(provider): State<Provider>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    follow(provider, headers, "void", id, body).await
}

async fn refund(
    State(provider): State<Provider>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    follow(provider, headers, "refund", id, body).await
}

async fn operations(
    State(provider): State<Provider>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let mut books = provider.books();
    books.looked_up += 1;
    if books.silent {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let key = &query["key"];
    match books.answers.get(key) {
        Some((status, response)) => Json(json!({
            "key": key, "status_code": status.as_u16(), "response": response,
        }))
        .into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({"error": "unknown_key"}))).into_response(),
    }
}
