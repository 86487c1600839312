//! Who asks too much is told to wait, and nobody else.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use serde_json::json;
use service::clock::Clock;

use crate::browser::{Answer, Browser};
use crate::counts::Counts;
use crate::stage::Stage;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A browser at this address.
fn at(stage: &Stage, last: u8) -> Browser {
    let peer = SocketAddr::from((Ipv4Addr::new(192, 0, 2, last), 4711));
    Browser::new(stage.public().of(peer))
}

/// What the answer says is left, of how many.
fn left(answer: &Answer) -> (u32, u32) {
    let number = |header: &str, name: &str| {
        let value = answer.header(header);
        let mut parts = value.split(';');
        let found = parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        found
            .and_then(|number| number.parse().ok())
            .unwrap_or_else(|| panic!("no {name} in {header}: {value:?}"))
    };
    (number("ratelimit", "r"), number("ratelimit-policy", "q"))
}

fn assert_told_to_wait(answer: &Answer, limit: &str) -> i64 {
    assert_eq!(
        (answer.status, answer.problem()),
        (StatusCode::TOO_MANY_REQUESTS, "too-many-requests".into()),
        "{answer:?}"
    );
    let named = format!("\"{limit}\";");
    for header in ["ratelimit", "ratelimit-policy"] {
        assert!(answer.header(header).starts_with(&named), "{answer:?}");
    }
    assert_eq!(left(answer).0, 0);
    let seconds = answer.header("retry-after").parse().expect("seconds");
    assert!(seconds >= 1, "{answer:?}");
    seconds
}

/// Sends until the first refusal, which must come after exactly as many as the policy says.
async fn exhaust(browser: &mut Browser, path: &str, limit: &str) -> i64 {
    let (_, most) = left(&browser.get(path).await);
    for _ in 1..most {
        let answer = browser.get(path).await;
        assert_ne!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{answer:?}");
    }
    assert_told_to_wait(&browser.get(path).await, limit)
}

async fn submit(browser: &mut Browser, path: &str, headers: &[(&str, &str)]) -> Answer {
    let headers = [&[FORM], headers].concat();
    browser
        .ask(Method::POST, path, &headers, "a=b".into())
        .await
}

/// Two replicas.
async fn two(counts: &Arc<Counts>) -> [Stage; 2] {
    let clock = Clock::manual(Clock::system().now());
    let one = with_sign_in(counts.clone(), clock.clone()).await;
    [one, with_sign_in(counts.clone(), clock).await]
}

async fn alone(counts: &Arc<Counts>) -> Stage {
    with_sign_in(counts.clone(), Clock::manual(Clock::system().now())).await
}

async fn with_sign_in(counts: Arc<Counts>, clock: Clock) -> Stage {
    let stage = Stage::with(counts, clock).await;
    let page = stage.sidecar.invoke("identity", Method::POST, "/sign-in");
    page.respond(200, json!({})).await;
    stage
}

/// How many of so many sign-ins got through to identity.
async fn sign_ins(browser: &mut Browser, tries: usize) -> usize {
    let mut passed = 0;
    for _ in 0..tries {
        match submit(browser, "/sign-in", &[]).await.status {
            StatusCode::OK => passed += 1,
            status => assert_eq!(status, StatusCode::TOO_MANY_REQUESTS),
        }
    }
    passed
}

#[tokio::test]
async fn a_session_that_asks_too_much_waits_and_another_at_the_same_address_does_not() {
    let stage = Stage::set().await;
    let orders = stage.sidecar.invoke("order", Method::GET, "/v1/orders");
    orders
        .respond(200, json!({"items": [], "next": null}))
        .await;
    let mut ada = at(&stage, 1);
    stage.sign_in(&mut ada, "/").await;
    let mut ben = at(&stage, 1);
    stage.sign_in(&mut ben, "/").await;
    let wait = exhaust(&mut ada, "/api/orders", "read").await;
    assert_eq!(ben.get("/api/orders").await.status, StatusCode::OK);
    stage.clock.advance(TimeDelta::seconds(wait));
    assert_eq!(ada.get("/api/orders").await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_guesses_codes_soon_waits_and_can_still_order() {
    let stage = Stage::set().await;
    let problem =
        json!({"type": "urn:problem-type:crema:discount-not-given", "title": "No", "status": 422});
    let quotes = stage.sidecar.invoke("catalog", Method::POST, "/v1/quotes");
    quotes.respond(422, problem).await;
    let mut guesser = at(&stage, 1);
    stage.sign_in(&mut guesser, "/").await;
    let lines = json!([{"variation_id": "0190a000-0000-7000-8000-0000000000b1", "quantity": 1, "option_ids": []}]);
    let mut codes = (0..).map(|nth| {
        let store = "0190a000-0000-7000-8000-000000000001";
        json!({"store_id": store, "lines": lines, "discount_code": format!("GUESS-{nth}")})
            .to_string()
    });
    for body in codes.by_ref().take(60) {
        let answer = guesser.send(Method::POST, "/api/quotes", &[], &body).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{answer:?}"
        );
    }
    let body = codes.next().expect("another");
    let answer = guesser.send(Method::POST, "/api/quotes", &[], &body).await;
    assert_told_to_wait(&answer, "quote");
    let other = guesser.send(Method::POST, "/api/orders", &[], "{}").await;
    assert_ne!(other.status, StatusCode::TOO_MANY_REQUESTS, "{other:?}");
    assert_eq!(stage.sidecar.received("catalog").await.len(), 60);
}

#[tokio::test]
async fn a_flood_from_one_address_costs_another_nothing() {
    let stage = Stage::set().await;
    let orders = stage.sidecar.invoke("order", Method::GET, "/v1/orders");
    orders
        .respond(200, json!({"items": [], "next": null}))
        .await;
    let mut guest = at(&stage, 2);
    stage.sign_in(&mut guest, "/").await;
    let (mut refused, mut served) = (0, 0);
    let mut flooder = at(&stage, 1);
    for nth in 0..6_000 {
        // With an invented session each time, and a made-up sender: neither buys anything.
        let session = format!("{nth:043}");
        flooder.cookies.insert("__Host-crema".into(), session);
        let sender = format!("203.0.113.{}", nth % 250);
        let headers = [
            ("sec-fetch-site", "same-origin"),
            ("x-forwarded-for", sender.as_str()),
            ("forwarded", "for=203.0.113.9"),
        ];
        let answer = flooder.ask(Method::GET, "/nowhere", &headers, Body::empty());
        refused += usize::from(answer.await.status == StatusCode::TOO_MANY_REQUESTS);
        if nth % 20 == 0 {
            let answer = guest.get("/api/orders").await;
            assert_eq!(answer.status, StatusCode::OK, "{nth}: {answer:?}");
            served += 1;
        }
    }
    // The clock stands still: not one more than the burst.
    assert_eq!((refused, served), (6_000 - 2_400, 300));
}

#[tokio::test]
async fn an_invented_session_is_counted_for_its_address() {
    let stage = Stage::set().await;
    let mut nobody = at(&stage, 1);
    let mut refused = 0;
    for nth in 0..2_500 {
        let session = format!("{nth:043}");
        nobody.cookies.insert("__Host-crema".into(), session);
        let answer = nobody.get("/api/orders").await;
        refused += usize::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(refused, 100);
}

#[tokio::test]
async fn every_limited_answer_says_what_is_left_and_a_refusal_protects_its_reader_too() {
    let stage = Stage::set().await;
    let mut browser = at(&stage, 1);
    let answer = browser.get("/api/session").await;
    assert_eq!(answer.header("ratelimit-policy"), "\"read\";q=600;w=10");
    assert_eq!(answer.header("ratelimit"), "\"read\";r=599;t=1");
    for _ in 1..600 {
        browser.get("/api/session").await;
    }
    let refused = browser.get("/api/session").await;
    assert_told_to_wait(&refused, "read");
    assert_eq!(refused.header("x-content-type-options"), "nosniff");
    assert_eq!(refused.header("cache-control"), "no-store");
}

#[tokio::test]
async fn replicas_count_sign_ins_together() {
    let counts = Arc::<Counts>::default();
    let [one, other] = two(&counts).await;
    let (mut here, mut there) = (at(&one, 1), at(&other, 1));
    let passed = sign_ins(&mut here, 100).await + sign_ins(&mut there, 100).await;
    assert_eq!(passed, 120, "one quota for both");
    assert_told_to_wait(&submit(&mut there, "/sign-in", &[]).await, "sign-in");
    let spoofed = [("x-forwarded-for", "203.0.113.9")];
    assert_told_to_wait(&submit(&mut there, "/sign-in", &spoofed).await, "sign-in");
    assert_eq!(sign_ins(&mut at(&other, 2), 1).await, 1, "another address");
    let keys = counts.keys();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| !key.contains("192.0.2")), "{keys:?}");
}

#[tokio::test]
async fn the_token_endpoint_is_counted_together_too() {
    let counts = Arc::<Counts>::default();
    let mut refused = 0;
    for stage in &two(&counts).await {
        for _ in 0..400 {
            let answer = submit(&mut at(stage, 1), "/oauth2/token", &[]).await;
            refused += usize::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
        }
    }
    assert_eq!(refused, 200);
}

#[tokio::test]
async fn without_the_shared_count_the_local_limits_hold_and_nobody_gets_a_503() {
    let counts = Arc::<Counts>::default();
    let stage = alone(&counts).await;
    counts.set_away(true);
    assert_eq!(sign_ins(&mut at(&stage, 1), 200).await, 120);
    let asked = counts.asked();
    assert_eq!(asked, 1, "who is away is not asked each time");
    counts.set_away(false);
    stage.clock.advance(TimeDelta::seconds(2));
    assert_eq!(sign_ins(&mut at(&stage, 2), 1).await, 1);
    assert_eq!(counts.keys().len(), 1, "back, it counts again");
}

#[tokio::test]
async fn a_shared_count_that_hangs_is_not_waited_for() {
    let counts = Arc::<Counts>::default();
    let stage = alone(&counts).await;
    counts.hang();
    assert_eq!(sign_ins(&mut at(&stage, 1), 5).await, 5);
    assert_eq!(counts.asked(), 1);
}

#[tokio::test]
async fn a_contended_count_is_tried_again_and_in_the_end_lets_go_on() {
    let counts = Arc::<Counts>::default();
    let stage = alone(&counts).await;
    counts.conflict(3);
    assert_eq!(sign_ins(&mut at(&stage, 1), 1).await, 1);
    assert_eq!((counts.asked(), counts.keys().len()), (4, 1));
    counts.conflict(4);
    assert_eq!(sign_ins(&mut at(&stage, 2), 1).await, 1);
    assert_eq!((counts.asked(), counts.keys().len()), (8, 1));
}
