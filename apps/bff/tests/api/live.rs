//! Orders as they change: from a delivered event to an open stream.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Method, Request, StatusCode};
use chrono::TimeDelta;
use futures::StreamExt as _;
use serde_json::{Value, json};
use testkit::APP_TOKEN;

use crate::browser::Browser;
use crate::identity::STORE;
use crate::stage::Stage;

const ID: &str = "0190a000-0000-7000-8000-0000000000aa";
const SOON: Duration = Duration::from_secs(5);

fn order(version: i64, fulfilment: &str) -> Value {
    let eur = json!({"amount": 350, "currency": "EUR"});
    json!({
        "id": ID, "number": "A-042", "store_id": STORE, "store_name": "Crema Rynek", "placed_at": "2026-01-02T03:04:05.678Z",
        "checkout": "confirmed", "fulfilment": fulfilment, "payment": {"method": "counter", "status": "due"},
        "reason": null, "lines": [], "total": eur, "tax": [], "version": version,
    })
}

async fn deliver(
    stage: &Stage,
    version: i64,
    fulfilment: &str,
    token: &str,
) -> (StatusCode, Value) {
    let event = json!({
        "specversion": "1.0", "id": format!("event-{version}"), "source": "/order", "type": "order.fulfilment_changed.v1",
        "subject": ID, "time": "2026-01-02T03:04:06.000Z", "datacontenttype": "application/json",
        "sequence": version.to_string(), "crematraceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "data": {
            "order_id": ID, "store_id": STORE, "number": "A-042", "checkout": "confirmed", "fulfilment": fulfilment,
            "version": version, "total": {"amount": 350, "currency": "EUR"}, "occurred_at": "2026-01-02T03:04:06.000Z",
        },
    });
    deliver_raw(stage, &event.to_string(), token).await
}

async fn deliver_raw(stage: &Stage, event: &str, token: &str) -> (StatusCode, Value) {
    let request = Request::post("/events/order")
        .header("dapr-api-token", token)
        .header("content-type", "application/cloudevents+json")
        .body(Body::from(event.to_owned()))
        .expect("a request");
    stage.sidecar_calls(request).await
}

/// An open stream, read event by event.
struct Stream {
    body: BodyDataStream,
    read: String,
}

impl Stream {
    async fn open(browser: &mut Browser, path: &str) -> Self {
        let headers = [
            ("sec-fetch-site", "same-origin"),
            ("accept", "text/event-stream"),
        ];
        let response = browser
            .open(Method::GET, path, &headers, Body::empty())
            .await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body().into_data_stream(),
            read: String::new(),
        }
    }

    /// The next event as name and data; `None` when the stream has ended.
    async fn next(&mut self) -> Option<(String, Value)> {
        tokio::time::timeout(SOON, async {
            loop {
                if let Some((event, rest)) = self.read.split_once("\n\n") {
                    let field = |name: &str| {
                        event
                            .lines()
                            .find_map(|line| line.strip_prefix(name))
                            .map(|value| value.trim().to_owned())
                    };
                    let (name, data) = (field("event:"), field("data:"));
                    self.read = rest.to_string();
                    if let (Some(name), Some(data)) = (name, data) {
                        return Some((name, serde_json::from_str(&data).expect("JSON")));
                    }
                } else {
                    let bytes = self.body.next().await?.expect("an open connection");
                    self.read
                        .push_str(std::str::from_utf8(&bytes).expect("text"));
                }
            }
        })
        .await
        .expect("something within five seconds")
    }
}

async fn watching(stage: &Stage, version: i64) -> (Browser, Stream) {
    let upstream = stage
        .sidecar
        .invoke("order", Method::GET, &format!("/v1/orders/{ID}"));
    upstream
        .times(1)
        .respond(200, order(version, "waiting"))
        .await;
    let mut browser = stage.signed_in().await;
    let mut stream = Stream::open(&mut browser, &format!("/api/orders/{ID}/events")).await;
    let (name, snapshot) = stream.next().await.expect("a snapshot");
    assert_eq!(
        (name.as_str(), snapshot),
        ("order", order(version, "waiting"))
    );
    (browser, stream)
}

#[tokio::test]
async fn a_customer_sees_the_order_and_then_each_newer_step_once() {
    let stage = Stage::set().await;
    let (_browser, mut stream) = watching(&stage, 2).await;
    for version in [1, 2, 3, 3, 2, 4] {
        let fulfilment = if version == 4 { "ready" } else { "preparation" };
        assert_eq!(
            deliver(&stage, version, fulfilment, APP_TOKEN).await.0,
            StatusCode::NO_CONTENT
        );
    }
    for (version, fulfilment) in [(3, "preparation"), (4, "ready")] {
        let (name, change) = stream.next().await.expect("a change");
        assert_eq!(name, "change");
        let expected = json!({
            "order_id": ID, "number": "A-042", "checkout": "confirmed", "fulfilment": fulfilment,
            "payment": null, "reason": null, "version": version,
        });
        assert_eq!(change, expected);
    }
}

#[tokio::test]
async fn a_board_sees_every_order_of_its_store() {
    let stage = Stage::set().await;
    let path = format!("/v1/stores/{STORE}/tickets");
    let tickets = json!({"items": [order(2, "waiting")], "next": null});
    stage
        .sidecar
        .invoke("order", Method::GET, &path)
        .respond(200, tickets.clone())
        .await;
    let mut browser = stage.signed_in().await;
    let mut stream =
        Stream::open(&mut browser, &format!("/api/stores/{STORE}/tickets/events")).await;
    assert_eq!(
        stream.next().await.expect("a snapshot"),
        ("tickets".to_owned(), tickets)
    );
    deliver(&stage, 2, "waiting", APP_TOKEN).await;
    deliver(&stage, 3, "preparation", APP_TOKEN).await;
    let (name, change) = stream.next().await.expect("a change");
    assert_eq!((name.as_str(), &change["version"]), ("change", &json!(3)));
}

#[tokio::test]
async fn a_courier_that_comes_nearer_is_shown_while_the_order_stands_still() {
    let stage = Stage::set().await;
    let path = format!("/v1/stores/{STORE}/tickets");
    let tickets = json!({"items": [order(2, "waiting")], "next": null});
    let board = stage.sidecar.invoke("order", Method::GET, &path);
    board.respond(200, tickets).await;
    let (mut browser, mut customer) = watching(&stage, 2).await;
    let mut board =
        Stream::open(&mut browser, &format!("/api/stores/{STORE}/tickets/events")).await;
    board.next().await.expect("a snapshot");
    let steps = [
        (2, "booked", true),
        (2, "booked", false),
        (2, "awaited", false),
        (3, "booked", true),
        // Told by a courier of its own, so it may come after the order's next step.
        (2, "dispatched", false),
        (3, "dispatched", true),
    ];
    for (version, courier, _) in steps {
        let event = json!({
            "specversion": "1.0", "id": format!("{version}-{courier}"), "source": "/order",
            "type": "order.courier_changed.v1", "subject": format!("{ID}:courier"), "time": "2026-01-02T03:04:06.000Z",
            "datacontenttype": "application/json", "sequence": "5",
            "data": {
                "order_id": ID, "store_id": STORE, "number": "A-042", "checkout": "confirmed", "fulfilment": "waiting",
                "version": version, "total": {"amount": 350, "currency": "EUR"},
                "delivery": {"fee": {"amount": 250, "currency": "EUR"}, "courier": courier},
                "occurred_at": "2026-01-02T03:04:06.000Z",
            },
        });
        let (status, _) = deliver_raw(&stage, &event.to_string(), APP_TOKEN).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    }
    for stream in [&mut customer, &mut board] {
        for (version, courier, _) in steps.into_iter().filter(|(.., news)| *news) {
            let (name, change) = stream.next().await.expect("a change");
            assert_eq!(
                (name.as_str(), &change["version"], &change["courier"]),
                ("change", &json!(version), &json!(courier))
            );
        }
    }
}

/// A confirmed order that is undone: recalled, then cancelled or left to a person, who lets it go on.
#[tokio::test]
async fn what_is_no_longer_to_be_made_is_shown_to_board_and_customer() {
    let stage = Stage::set().await;
    let path = format!("/v1/stores/{STORE}/tickets");
    let tickets = json!({"items": [order(2, "waiting")], "next": null});
    let board = stage.sidecar.invoke("order", Method::GET, &path);
    board.respond(200, tickets).await;
    let (mut browser, mut customer) = watching(&stage, 2).await;
    let mut board =
        Stream::open(&mut browser, &format!("/api/stores/{STORE}/tickets/events")).await;
    board.next().await.expect("a snapshot");
    let steps = [
        ("order.recalled.v1", "pending", "captured"),
        ("order.parked.v1", "manual", "captured"),
        ("order.resumed.v1", "pending", "captured"),
        ("order.cancelled.v1", "cancelled", "refunded"),
    ];
    for (version, (kind, checkout, paid)) in (3..).zip(steps) {
        let payment = json!({"method": "card", "status": paid});
        let event = json!({
            "specversion": "1.0", "id": format!("event-{version}"), "source": "/order", "type": kind, "subject": ID,
            "time": "2026-01-02T03:04:06.000Z", "datacontenttype": "application/json", "sequence": version.to_string(),
            "data": {
                "order_id": ID, "store_id": STORE, "number": "A-042", "checkout": checkout, "fulfilment": "waiting",
                "payment": payment, "reason": "by_customer", "version": version,
                "total": {"amount": 350, "currency": "EUR"}, "occurred_at": "2026-01-02T03:04:06.000Z",
            },
        });
        let (status, _) = deliver_raw(&stage, &event.to_string(), APP_TOKEN).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let expected = json!({
            "order_id": ID, "number": "A-042", "checkout": checkout, "fulfilment": "waiting",
            "payment": payment, "reason": "by_customer", "version": version,
        });
        for stream in [&mut board, &mut customer] {
            let change = stream.next().await.expect("a change");
            assert_eq!(change, ("change".to_owned(), expected.clone()), "{kind}");
        }
    }
}

#[tokio::test]
async fn a_stream_that_may_have_missed_something_gets_a_snapshot_again() {
    let stage = Stage::set().await;
    let (_browser, mut stream) = watching(&stage, 2).await;
    let path = format!("/v1/orders/{ID}");
    stage
        .sidecar
        .invoke("order", Method::GET, &path)
        .respond(200, order(5, "ready"))
        .await;
    let restarted = Request::get("/dapr/subscribe")
        .header("dapr-api-token", APP_TOKEN)
        .body(Body::empty());
    let (status, subscriptions) = stage.sidecar_calls(restarted.expect("a request")).await;
    assert_eq!((status, subscriptions), (StatusCode::OK, json!([])));
    assert_eq!(
        stream.next().await.expect("a snapshot"),
        ("order".to_owned(), order(5, "ready"))
    );
    deliver(&stage, 4, "preparation", APP_TOKEN).await;
    deliver(&stage, 6, "delivered", APP_TOKEN).await;
    assert_eq!(
        stream.next().await.expect("a change").1["version"],
        6,
        "what the snapshot held is no news"
    );
}

#[tokio::test]
async fn somebody_elses_order_is_not_shown() {
    let stage = Stage::set().await;
    let problem = json!({"type": "urn:problem-type:crema:order-not-found", "title": "No such order", "status": 404});
    let refusal = wiremock::ResponseTemplate::new(404)
        .set_body_raw(problem.to_string(), "application/problem+json");
    stage
        .sidecar
        .invoke("order", Method::GET, &format!("/v1/orders/{ID}"))
        .respond_with(refusal)
        .await;
    let mut browser = stage.signed_in().await;
    let answer = browser.get(&format!("/api/orders/{ID}/events")).await;
    assert_eq!(
        (answer.status, answer.problem()),
        (StatusCode::NOT_FOUND, "order-not-found".into())
    );
    assert_eq!(stage.app.hub.open(), 0, "the seat is given back");
}

#[tokio::test]
async fn signing_out_ends_the_stream() {
    let stage = Stage::set().await;
    let (mut browser, mut stream) = watching(&stage, 2).await;
    assert_eq!(stage.app.hub.open(), 1);
    browser.send(Method::DELETE, "/api/session", &[], "").await;
    assert_eq!(stream.next().await, None);
    drop(stream);
    assert_eq!(stage.app.hub.open(), 0);
}

#[tokio::test]
async fn a_session_that_timed_out_ends_the_stream() {
    let stage = Stage::set().await;
    let (mut browser, mut stream) = watching(&stage, 2).await;
    stage.clock.advance(TimeDelta::hours(2));
    stage.app.hub.look_again();
    assert_eq!(stream.next().await, None);
    let answer = browser.get(&format!("/api/orders/{ID}/events")).await;
    assert_eq!(
        (answer.status, answer.problem()),
        (StatusCode::UNAUTHORIZED, "session-ended".into())
    );
}

#[tokio::test]
async fn a_forged_event_is_refused_and_an_unreadable_one_is_dropped() {
    let stage = Stage::set().await;
    let (_browser, mut stream) = watching(&stage, 2).await;
    for forged in ["", "forged"] {
        assert_eq!(
            deliver(&stage, 9, "ready", forged).await.0,
            StatusCode::UNAUTHORIZED,
            "{forged}"
        );
    }
    for unreadable in ["", "{}", "not json", r#"{"id":"1","data":{}}"#] {
        let (status, _) = deliver_raw(&stage, unreadable, APP_TOKEN).await;
        assert_eq!(
            status,
            StatusCode::NOT_FOUND,
            "dead-lettered without another try: {unreadable}"
        );
    }
    deliver(&stage, 3, "preparation", APP_TOKEN).await;
    assert_eq!(
        stream.next().await.expect("a change").1["version"],
        3,
        "only the true one arrives"
    );
}
