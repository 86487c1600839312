//! The carrier's interface with time that is turned by hand, and its journal over a restart.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use carrier::book::Book;
use carrier::routes;
use carrier::state::App;
use chrono::{DateTime, TimeDelta};
use dapr_kit::{Secret, Secrets};
use serde_json::{Value, json};
use service::clock::Clock;
use service::ids::Ids;
use tower::ServiceExt as _;

const API_KEY: &str = "key_of_the_tests";

/// A folder, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = Ids::new(Clock::system()).next();
        let path = std::env::temp_dir().join(format!("crema-carrier-{name}"));
        std::fs::create_dir(&path).expect("a folder");
        Self(path)
    }

    fn journal(&self) -> PathBuf {
        self.0.join("log.jsonl")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed is left to the system's own cleaning.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct World {
    router: Router,
    clock: Clock,
    folder: Folder,
}

impl World {
    fn new() -> Self {
        let folder = Folder::new();
        let clock = Clock::manual(DateTime::UNIX_EPOCH);
        Self {
            router: router(&folder.journal(), clock.clone()),
            clock,
            folder,
        }
    }

    /// The next process, on the same journal.
    fn restart(self) -> Self {
        let Self {
            router,
            clock,
            folder,
        } = self;
        drop(router);
        Self {
            router: router_of(&folder, &clock),
            clock,
            folder,
        }
    }

    async fn send(&self, request: Request<Body>) -> (u16, Value) {
        let answer = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), usize::MAX)
            .await
            .expect("a body");
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        (status, body)
    }

    async fn ask(&self, method: &str, path: &str, key: Option<&str>, body: &Value) -> (u16, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {API_KEY}"))
            .header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(body.to_string().into()).expect("a request");
        self.send(request).await
    }

    async fn book(&self, key: &str, postcode: &str) -> (u16, Value) {
        self.ask("POST", "/v1/deliveries", Some(key), &booking(key, postcode))
            .await
    }

    async fn booked(&self, key: &str, postcode: &str) -> String {
        let (status, body) = self.book(key, postcode).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().expect("an id").to_owned()
    }

    async fn ready(&self, id: &str) -> (u16, Value) {
        let path = format!("/v1/deliveries/{id}/ready");
        self.ask("POST", &path, None, &json!({})).await
    }

    async fn call_off(&self, key: &str) -> (u16, Value) {
        let path = format!("/v1/cancellations/{key}");
        self.ask("PUT", &path, None, &json!({})).await
    }

    /// References and states behind `after`, and where to go on.
    async fn updates(&self, after: u64) -> (Vec<(String, String)>, u64) {
        let path = format!("/v1/updates?after={after}");
        let (status, page) = self.ask("GET", &path, None, &Value::Null).await;
        assert_eq!(status, 200, "{page}");
        let updates = page["updates"].as_array().expect("updates").iter();
        let told = updates.map(|update| (text(update, "reference"), text(update, "state")));
        (told.collect(), page["next"].as_u64().expect("a number"))
    }

    async fn states(&self, after: u64) -> Vec<String> {
        let (told, _) = self.updates(after).await;
        told.into_iter().map(|(_, state)| state).collect()
    }

    fn wait(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().expect("text").to_owned()
}

fn router_of(folder: &Folder, clock: &Clock) -> Router {
    router(&folder.journal(), clock.clone())
}

fn router(journal: &Path, clock: Clock) -> Router {
    let book = Book::open(journal, TimeDelta::seconds(2)).expect("a journal");
    let secret = [("api_key".to_owned(), API_KEY.to_owned())];
    let secrets = Secrets::fixed(Secret::new("shipper", secret.into()));
    routes::carrier(App::new(book, clock, secrets))
}

fn booking(reference: &str, postcode: &str) -> Value {
    json!({
        "reference": reference, "collect_at": "a shop",
        "recipient": {"name": "Ada Canary", "street": "Canary Row 7", "extra": null, "postcode": postcode,
                      "city": "Leipzig", "country": "DE", "phone": null, "note": null},
    })
}

fn error(answer: &(u16, Value)) -> (u16, String) {
    (answer.0, text(&answer.1, "error"))
}

#[tokio::test]
async fn what_is_booked_and_ready_comes_to_the_door_and_the_feed_tells_every_step() {
    let world = World::new();
    let id = world.booked("one", "04109").await;
    world.wait(60);
    assert_eq!(
        world.states(0).await,
        ["accepted"],
        "nobody fetches what is not ready"
    );
    assert_eq!(world.ready(&id).await.0, 200);
    assert_eq!(world.ready(&id).await.0, 200);
    world.wait(3);
    let (told, next) = world.updates(1).await;
    assert_eq!(
        told,
        [
            ("one".into(), "ready".into()),
            ("one".into(), "collected".into())
        ]
    );
    world.wait(60);
    assert_eq!(world.states(next).await, ["on_the_way", "delivered"]);
    let (_, end) = world.updates(next).await;
    assert_eq!(world.updates(end).await, (Vec::new(), end));
}

#[tokio::test]
async fn a_key_is_one_delivery_whatever_is_repeated() {
    let world = World::new();
    let id = world.booked("one", "04109").await;
    let (status, again) = world.book("one", "04109").await;
    assert_eq!((status, text(&again, "id")), (200, id));
    let other = world.book("one", "04103").await;
    assert_eq!(error(&other), (409, "key_reused".into()));
    assert_eq!(world.states(0).await, ["accepted"]);
    let keyless = world
        .ask("POST", "/v1/deliveries", None, &booking("two", "04109"))
        .await;
    assert_eq!(error(&keyless), (400, "key_missing".into()));
    let odd = json!({"reference": "two"});
    let odd = world.ask("POST", "/v1/deliveries", Some("two"), &odd).await;
    assert_eq!(error(&odd), (422, "invalid".into()));
}

#[tokio::test]
async fn what_was_called_off_is_never_fetched_and_a_late_booking_finds_the_key_closed() {
    let world = World::new();
    let id = world.booked("one", "04109").await;
    for _ in 0..2 {
        assert_eq!(world.call_off("one").await.0, 200);
    }
    assert_eq!(error(&world.ready(&id).await), (409, "called_off".into()));
    assert_eq!(
        error(&world.book("one", "04109").await),
        (409, "called_off".into())
    );
    assert_eq!(world.states(0).await, ["accepted", "cancelled"]);

    assert_eq!(world.call_off("two").await.0, 200);
    assert_eq!(
        error(&world.book("two", "04109").await),
        (409, "called_off".into())
    );
    assert_eq!(world.call_off("two").await.0, 200);

    let id = world.booked("three", "04109").await;
    world.ready(&id).await;
    world.wait(2);
    assert_eq!(
        error(&world.call_off("three").await),
        (409, "collected".into())
    );
}

#[tokio::test]
async fn a_postcode_has_its_conduct() {
    let world = World::new();
    for _ in 0..4 {
        let nobody = world.book("991", "04991").await;
        assert_eq!(error(&nobody), (409, "no_courier".into()));
    }
    for (key, postcode, first) in [
        ("994", "04994", (500, "broken")),
        ("996", "31-996", (409, "no_courier")),
    ] {
        for _ in 0..2 {
            let refused = world.book(key, postcode).await;
            assert_eq!(error(&refused), (first.0, first.1.into()), "{postcode}");
        }
        world.booked(key, postcode).await;
    }
    let lost = world.book("995", "04995").await;
    assert_eq!(error(&lost), (500, "broken".into()));
    assert_eq!(world.book("995", "04995").await.0, 200, "it was booked");

    world.booked("997", "04997").await;
    for expected in [500, 500, 200] {
        assert_eq!(world.call_off("997").await.0, expected);
    }
    let (_, before) = world.updates(0).await;
    let id = world.booked("992", "04992").await;
    world.ready(&id).await;
    world.wait(60);
    let told = world.states(before).await;
    assert_eq!(
        told,
        ["accepted", "ready", "collected", "on_the_way", "failed"]
    );
    let id = world.booked("993", "04993").await;
    world.ready(&id).await;
    let (_, before) = world.updates(0).await;
    world.wait(19);
    assert!(world.states(before).await.is_empty());
    world.wait(1);
    assert_eq!(world.states(before).await, ["collected"]);
}

#[tokio::test]
async fn a_restart_ends_where_the_last_process_stood_and_the_journal_has_nobodys_door() {
    let mut world = World::new();
    let id = world.booked("one", "04992").await;
    world.ready(&id).await;
    world.call_off("gone").await;
    world.wait(2);
    let before = world.updates(0).await;
    world = world.restart();
    assert_eq!(world.updates(0).await, before);
    assert_eq!(world.book("one", "04992").await.0, 200);
    assert_eq!(
        error(&world.book("gone", "04109").await),
        (409, "called_off".into())
    );
    world.wait(60);
    assert_eq!(world.states(before.1).await, ["on_the_way", "failed"]);

    let journal = world.folder.journal();
    let mut text = std::fs::read_to_string(&journal).expect("the journal");
    for private in ["Canary", "Leipzig", "04992"] {
        assert!(!text.contains(private), "{private}");
    }
    // A line that a kill tore.
    text.push_str("{\"seq\": 99, \"at");
    std::fs::write(&journal, text).expect("the journal");
    world = world.restart();
    world.booked("two", "04109").await;
    world = world.restart();
    assert_eq!(world.book("two", "04109").await.0, 200);
}

#[tokio::test]
async fn nothing_is_said_without_the_key_and_an_outage_is_one() {
    let world = World::new();
    for path in ["/v1/updates", "/v1/nowhere", "/control/outage"] {
        let request = Request::get(path).header("authorization", "Bearer another");
        let answer = world
            .send(request.body(Body::empty()).expect("a request"))
            .await;
        assert_eq!(error(&answer), (401, "unauthorised".into()), "{path}");
    }
    let nowhere = world.ask("GET", "/v1/nowhere", None, &Value::Null).await;
    assert_eq!(error(&nowhere), (404, "nothing_here".into()));
    let unknown = world.ready("dl_none").await;
    assert_eq!(error(&unknown), (404, "no_delivery".into()));
    let outage = |kind: &str| json!({ "outage": kind });
    let down = world
        .ask("PUT", "/control/outage", None, &outage("down"))
        .await;
    assert_eq!(down.0, 204);
    assert_eq!(
        error(&world.book("one", "04109").await),
        (503, "unavailable".into())
    );
    world
        .ask("PUT", "/control/outage", None, &outage("none"))
        .await;
    world.booked("one", "04109").await;
}
