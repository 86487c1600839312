//! More than can be worked on: who holds too much, who is turned away, and what goes on all the same.

use std::net::{Ipv4Addr, SocketAddr};

use axum::body::{Body, Bytes};
use axum::http::{Method, StatusCode};
use bff::limits::{MOST_INSIDE, MOST_INSIDE_OF_ONE};
use futures::stream;
use serde_json::json;
use tokio::task::JoinSet;

use crate::browser::{Answer, Browser};
use crate::stage::Stage;

const WEBHOOK: &str = "/webhooks/provider";

fn at(stage: &Stage, last: u8) -> Browser {
    let peer = SocketAddr::from((Ipv4Addr::new(192, 0, 2, last), 4711));
    Browser::new(stage.public().of(peer))
}

/// A body that never ends, and brings nothing.
fn endless() -> Body {
    Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>())
}

/// As many open requests from one address as it may have.
fn hold(stage: &Stage, last: u8, held: &mut JoinSet<Answer>) {
    for _ in 0..MOST_INSIDE_OF_ONE {
        let mut browser = at(stage, last);
        held.spawn(async move { browser.ask(Method::POST, WEBHOOK, &[], endless()).await });
    }
}

/// Asks until the answer has this status, while the others get to their places.
async fn until(browser: &mut Browser, path: &str, status: StatusCode) -> Answer {
    for _ in 0..1_000 {
        let answer = browser.get(path).await;
        if answer.status == status {
            return answer;
        }
        tokio::task::yield_now().await;
    }
    panic!("{path} never answered {status}");
}

#[tokio::test]
async fn one_address_can_not_hold_every_place() {
    let stage = Stage::set().await;
    let mut held = JoinSet::new();
    hold(&stage, 1, &mut held);
    let refused = until(
        &mut at(&stage, 1),
        "/nowhere",
        StatusCode::TOO_MANY_REQUESTS,
    )
    .await;
    assert_eq!(refused.problem(), "too-many-at-once");
    assert_eq!(refused.header("retry-after"), "1");
    for _ in 0..100 {
        let answer = at(&stage, 2).get("/api/session").await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    held.shutdown().await;
    until(&mut at(&stage, 1), "/api/session", StatusCode::OK).await;
}

#[tokio::test]
async fn what_is_too_much_is_turned_away_at_once_and_live_streams_are_not() {
    let stage = Stage::set().await;
    let order = "0190a000-0000-7000-8000-0000000000aa";
    let snapshot = json!({
        "id": order, "number": "A-042", "store_id": order, "store_name": "Crema Rynek",
        "placed_at": "2026-01-02T03:04:05.678Z", "checkout": "confirmed", "fulfilment": "waiting",
        "payment": {"method": "counter", "status": "due"}, "reason": null, "lines": [],
        "total": {"amount": 350, "currency": "EUR"}, "tax": [], "version": 2,
    });
    let path = format!("/v1/orders/{order}");
    let upstream = stage.sidecar.invoke("order", Method::GET, &path);
    upstream.respond(200, snapshot).await;
    let mut guest = at(&stage, 200);
    stage.sign_in(&mut guest, "/").await;
    let mut held = JoinSet::new();
    for last in 1..=u8::try_from(MOST_INSIDE / MOST_INSIDE_OF_ONE).expect("a few") {
        hold(&stage, last, &mut held);
    }
    let shed = until(
        &mut at(&stage, 100),
        "/nowhere",
        StatusCode::SERVICE_UNAVAILABLE,
    )
    .await;
    assert_eq!(shed.problem(), "overloaded");
    assert_eq!(shed.header("retry-after"), "1");
    assert_eq!(shed.header("x-content-type-options"), "nosniff");
    let events = format!("/api/orders/{order}/events");
    let stream = guest.open(
        Method::GET,
        &events,
        &[("sec-fetch-site", "same-origin")],
        Body::empty(),
    );
    assert_eq!(stream.await.status(), StatusCode::OK);
    held.shutdown().await;
    until(&mut at(&stage, 100), "/api/session", StatusCode::OK).await;
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let stage = Stage::set().await;
    let mut browser = at(&stage, 1);
    // Nothing else is waited for on this way, so the time passes at once.
    tokio::time::pause();
    for path in [WEBHOOK, "/oauth2/token"] {
        let answer = browser.ask(Method::POST, path, &[], endless()).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::REQUEST_TIMEOUT, "body-too-slow".into()),
            "{path}"
        );
    }
    assert!(stage.sidecar.received("payment").await.is_empty());
}

#[tokio::test]
async fn services_are_told_how_long_they_are_waited_for_and_not_by_the_client() {
    let stage = Stage::set().await;
    let orders = stage.sidecar.invoke("order", Method::GET, "/v1/orders");
    orders
        .respond(200, json!({"items": [], "next": null}))
        .await;
    let mut browser = stage.signed_in().await;
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("x-crema-timeout", "9999999"),
    ];
    let answer = browser.ask(Method::GET, "/api/orders", &headers, Body::empty());
    assert_eq!(answer.await.status, StatusCode::OK);
    let call = stage.sidecar.received("order").await.remove(0);
    let said: Vec<_> = call.headers.get_all("x-crema-timeout").iter().collect();
    let [millis] = said[..] else {
        panic!("{said:?}");
    };
    let millis: u64 = millis
        .to_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .expect("a number");
    assert!((1..=10_000).contains(&millis), "{millis}");
}
