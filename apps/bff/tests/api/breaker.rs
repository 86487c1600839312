//! The breaker of an upstream, seen through the BFF's routes.

use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use bff::upstreams;
use serde_json::json;

use crate::browser::{Answer, Browser};
use crate::stage::Stage;

async fn calls(stage: &Stage) -> usize {
    stage.sidecar.received("order").await.len()
}

fn assert_away(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.problem()),
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable".into())
    );
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!(wait >= 1);
}

/// Asks until the order service has been asked so often, and gives the answer to that very request.
async fn until_asked(stage: &Stage, browser: &mut Browser, times: usize) -> Answer {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = browser.get("/api/orders").await;
        assert!(Instant::now() < end, "it was never asked {times} times");
        match calls(stage).await {
            now if now == times => return answer,
            now => assert!(now < times, "asked {now} times"),
        }
        assert_away(&answer);
        // Well below the limit on reading.
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

#[tokio::test]
async fn it_opens_answers_without_calling_probes_once_and_closes_again() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    for _ in 0..5 {
        assert_away(&browser.get("/api/orders").await);
    }
    let health = json!({
        "catalog": true, "identity": true, "inventory": true, "order": false, "payment": true, "shipping": true,
    });
    assert_eq!(upstreams::health(&stage.app.dapr), health);
    // Open: nothing is called, and another upstream is.
    assert_away(&browser.get("/api/orders").await);
    assert_eq!(calls(&stage).await, 5);
    let users = stage.sidecar.invoke("identity", Method::GET, "/v1/users");
    users.respond(200, json!({"items": [], "next": null})).await;
    assert_eq!(browser.get("/api/users").await.status, StatusCode::OK);
    // Half open: one call probes, fails, and opens it for as long again.
    assert_away(&until_asked(&stage, &mut browser, 6).await);
    assert_away(&browser.get("/api/orders").await);
    assert_eq!(calls(&stage).await, 6);
    // The service is back: the next probe closes it for all.
    let orders = stage.sidecar.invoke("order", Method::GET, "/v1/orders");
    orders
        .respond(200, json!({"items": [], "next": null}))
        .await;
    let probe = until_asked(&stage, &mut browser, 7).await;
    assert_eq!(probe.status, StatusCode::OK);
    for _ in 0..3 {
        assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    }
    assert_eq!(calls(&stage).await, 10);
    assert_eq!(upstreams::health(&stage.app.dapr)["order"], true);
}
