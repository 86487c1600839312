//! A provider behind a sidecar: it keeps its own books, and behaves at each call as the test has told it to. What it is
//! asked and answers is spoken in the words of one provider or of the other.
//!
//! Invariant: under one key it does one thing, however often it is asked; what it has done is the truth of a test.

mod acquirer;
mod stripe;

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use dapr_kit::{Dapr, DaprConfig};
use payment::provider::Provider as Spoken;
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
    /// Nothing is done: too many are asking.
    Limited,
    /// It is done, and answered with something that is no JSON.
    Babble,
    /// The answer is 503; it is done when the test lets the provider [catch up](Provider::catch_up).
    Late,
    /// It is done, and answered with something of another purchase.
    Garbled,
    /// It is done, and answered with another amount.
    Miscounted,
}

/// One thing that was done.
#[derive(Clone, Debug)]
pub struct Done {
    pub id: String,
    pub kind: &'static str,
    pub reference: String,
    pub amount: i64,
    pub currency: &'static str,
    /// What it was done to.
    pub of: Option<String>,
}

/// What it is asked for, in no provider's words.
#[derive(Clone)]
struct Asked {
    key: String,
    kind: &'static str,
    /// What it is to be done to.
    of: Option<String>,
    /// Of an authorisation.
    reference: Option<String>,
    /// All of it, if nothing is said.
    amount: Option<i64>,
    /// The body as it came.
    said: String,
}

/// What came of it.
#[derive(Clone)]
enum Decision {
    Done,
    Declined,
    Refused(&'static str),
}

/// What was decided under a key. If it was not done, what it would have been.
#[derive(Clone)]
struct Entry {
    key: String,
    said: String,
    decision: Decision,
    it: Done,
}

#[derive(Default)]
struct Books {
    entries: Vec<Entry>,
    moods: BTreeMap<&'static str, VecDeque<Mood>>,
    late: Vec<Asked>,
    keys: Vec<(&'static str, String)>,
    looked_up: usize,
    silent: bool,
}

#[derive(Clone)]
pub struct Provider {
    pub spoken: Spoken,
    books: Arc<Mutex<Books>>,
    executed: Arc<Notify>,
}

/// The provider and its address.
pub async fn start(spoken: Spoken) -> (Provider, DaprConfig) {
    let provider = Provider::that_speaks(spoken);
    let router = match spoken {
        Spoken::Acquirer => acquirer::router(provider.clone()),
        Spoken::Stripe => stripe::router(provider.clone()),
    };
    (provider, serve(router).await)
}

/// Serves what a sidecar calls at the provider.
pub async fn serve(router: Router) -> DaprConfig {
    let router = Router::new().nest("/v1.0/invoke/provider/method/v1", router);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    let base: String = format!("http://{address}");
    DaprConfig {
        // Nothing here speaks gRPC; the channel is lazy, so only a call that needs it fails.
        grpc: base.parse().expect("an address"),
        http: base.parse().expect("an address"),
        api_token: Some("of-a-test".into()),
    }
}

/// A client with breakers of its own.
pub fn dapr(config: &DaprConfig) -> Dapr {
    Dapr::connect(config).expect("a usable configuration")
}

impl Provider {
    /// With empty books.
    pub fn that_speaks(spoken: Spoken) -> Self {
        Self {
            spoken,
            books: Arc::default(),
            executed: Arc::default(),
        }
    }

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

    /// Whether questions about what it did are answered 503.
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

    /// Puts other people's authorisations between ours.
    pub fn serve_others(&self, many: usize) {
        let mut books = self.books();
        for number in 0..many {
            let asked = Asked {
                key: format!("of somebody else {number}"),
                kind: "authorisation",
                of: None,
                reference: Some("theirs".to_owned()),
                amount: Some(1),
                said: String::new(),
            };
            books.execute(&asked, false);
        }
    }

    /// Does something that the service never asked for; its id.
    pub fn plant(
        &self,
        kind: &'static str,
        reference: &str,
        of: Option<&str>,
        amount: i64,
    ) -> String {
        let mut books = self.books();
        let asked = Asked {
            key: format!("planted {}", books.entries.len()),
            kind,
            of: of.map(str::to_owned),
            reference: Some(reference.to_owned()),
            amount: Some(amount),
            said: String::new(),
        };
        books.execute(&asked, false).it.id
    }

    /// Makes it say something else of what it did.
    pub fn falsify(&self, mut change: impl FnMut(&mut Done)) {
        for entry in &mut self.books().entries {
            change(&mut entry.it);
        }
    }

    /// Makes it forget what it did.
    pub fn forget(&self, is_forgotten: impl Fn(&Done) -> bool) {
        let mut books = self.books();
        books.entries.retain(|entry| !is_forgotten(&entry.it));
    }

    /// Returns when something was done since the last time.
    pub async fn executed(&self) {
        self.executed.notified().await;
    }

    /// What was done, oldest first.
    pub fn done(&self) -> Vec<Done> {
        self.books().done().cloned().collect()
    }

    /// How often something of this kind was done.
    pub fn count(&self, kind: &str) -> usize {
        self.books().done().filter(|done| done.kind == kind).count()
    }

    /// The keys of the calls of this kind, repeated ones too.
    pub fn keys(&self, kind: &str) -> Vec<String> {
        let books = self.books();
        let keys = books.keys.iter().filter(|(of, _)| *of == kind);
        keys.map(|(_, key)| key.clone()).collect()
    }

    /// How often it was asked what it did.
    pub fn looked_up(&self) -> usize {
        self.books().looked_up
    }

    /// Captured and not refunded, in minor units.
    pub fn net(&self, reference: &str) -> i64 {
        let books = self.books();
        let of = |kind: &str| -> i64 {
            books
                .done()
                .filter(|done| done.kind == kind && done.reference == reference)
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
                .done()
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
            let entry = match mood {
                Mood::Away | Mood::Hang | Mood::Limited => None,
                Mood::Late => {
                    books.late.push(asked);
                    None
                }
                mood => Some(books.execute(&asked, mood == Mood::Decline)),
            };
            let answer = entry.map(|entry| match self.spoken {
                Spoken::Acquirer => acquirer::say(&entry),
                Spoken::Stripe => stripe::say(&books, &entry),
            });
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
            (Mood::Limited, _) => (StatusCode::TOO_MANY_REQUESTS, self.limit()).into_response(),
            (Mood::Babble, _) => (StatusCode::OK, "<html>It works!</html>").into_response(),
            (Mood::Garbled, Some((status, mut body))) => {
                match self.spoken {
                    Spoken::Acquirer => body["reference"] = json!("another"),
                    Spoken::Stripe => {
                        body["id"] = json!("pi_another");
                        body["metadata"] = json!({"order": "another", "operation": "another"});
                    }
                }
                (status, Json(body)).into_response()
            }
            (Mood::Miscounted, Some((status, mut body))) => {
                match self.spoken {
                    Spoken::Acquirer => body["amount"]["amount"] = json!(1),
                    Spoken::Stripe => body["amount"] = json!(1),
                }
                (status, Json(body)).into_response()
            }
            (_, Some((status, body))) => (status, Json(body)).into_response(),
            (_, None) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }

    fn limit(&self) -> Json<Value> {
        Json(match self.spoken {
            Spoken::Acquirer => json!({"error": "rate_limited"}),
            Spoken::Stripe => {
                json!({"error": {"type": "invalid_request_error", "code": "rate_limit"}})
            }
        })
    }
}

impl Books {
    fn done(&self) -> impl Iterator<Item = &Done> {
        let done = |entry: &&Entry| matches!(entry.decision, Decision::Done);
        self.entries.iter().filter(done).map(|entry| &entry.it)
    }

    /// What was decided under a key.
    fn find(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// What has been done of this kind to that.
    fn sum(&self, kind: &str, of: Option<&String>) -> i64 {
        let done = self.done();
        done.filter(|done| done.kind == kind && done.of.as_ref() == of)
            .map(|done| done.amount)
            .sum()
    }

    fn execute(&mut self, asked: &Asked, declined: bool) -> Entry {
        if let Some(entry) = self.find(&asked.key) {
            return entry.clone();
        }
        let of = asked.of.as_ref().map(|id| {
            let of = self.done().find(|done| done.id == *id);
            of.expect("an id that we gave").clone()
        });
        let whole = of.as_ref().map_or(0, |of| of.amount);
        let amount = asked.amount.unwrap_or(whole);
        let on = |kind: &str| self.sum(kind, asked.of.as_ref());
        let decision = match asked.kind {
            "capture" if on("void") > 0 => Decision::Refused("already_voided"),
            "void" if on("capture") > 0 => Decision::Refused("already_captured"),
            "capture" | "refund" if on(asked.kind) + amount > whole => Decision::Refused("over"),
            _ if declined => Decision::Declined,
            _ => Decision::Done,
        };
        let reference = of.map_or_else(|| asked.reference.clone(), |of| Some(of.reference));
        let entry = Entry {
            key: asked.key.clone(),
            said: asked.said.clone(),
            decision,
            it: Done {
                id: format!("{}_{}", &asked.kind[..2], self.entries.len() + 1),
                kind: asked.kind,
                reference: reference.expect("a reference"),
                amount,
                currency: "EUR",
                of: asked.of.clone(),
            },
        };
        self.entries.push(entry.clone());
        entry
    }
}

fn key(headers: &HeaderMap) -> String {
    let key = headers.get("idempotency-key").expect("a key");
    key.to_str().expect("a text").to_owned()
}
