//! What a menu shows follows the catalog's events at once, and thirty seconds later without them.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use chrono::TimeDelta;
use serde_json::{Value, json};
use testkit::APP_TOKEN;
use wiremock::ResponseTemplate;

use crate::menus::{MENU, SMALL, STORE, UPSTREAM, asked, menu, version};
use crate::stage::Stage;

const OTHER_STORE: &str = "0190a000-0000-7000-8000-000000000002";

/// Tells of a change at a store, or at all.
async fn tell(stage: &Stage, store: Option<&str>, token: &str) -> StatusCode {
    deliver(
        stage,
        "/events/catalog",
        &json!({"store_id": store, "version": 2}),
        token,
    )
    .await
}

async fn deliver(stage: &Stage, path: &str, data: &Value, token: &str) -> StatusCode {
    let kind = if path.ends_with("catalog") {
        "catalog.changed.v1"
    } else {
        "inventory.availability_changed.v1"
    };
    let event = json!({
        "specversion": "1.0", "id": "event-1", "source": "/somebody", "type": kind, "subject": STORE,
        "time": "2026-01-02T03:04:06.000Z", "datacontenttype": "application/json", "sequence": "2", "data": data,
    });
    let request = Request::post(path)
        .header("dapr-api-token", token)
        .header("content-type", "application/cloudevents+json")
        .body(Body::from(event.to_string()))
        .expect("a request");
    stage.sidecar_calls(request).await.0
}

#[tokio::test]
async fn a_change_that_is_told_of_shows_at_once_and_one_elsewhere_asks_nobody() {
    let stage = Stage::set().await;
    let upstream = || stage.sidecar.invoke("catalog", Method::GET, UPSTREAM);
    upstream().times(1).respond_with(menu(1)).await;
    stage.browser().get(MENU).await;
    let told = tell(&stage, Some(OTHER_STORE), APP_TOKEN).await;
    assert_eq!(told, StatusCode::NO_CONTENT);
    assert_eq!(version(&stage.browser().get(MENU).await), 1);
    assert_eq!(asked(&stage).await, 1);

    upstream().times(1).respond_with(menu(2)).await;
    tell(&stage, Some(STORE), APP_TOKEN).await;
    assert_eq!(asked(&stage).await, 1, "only by whoever wants it");
    for _ in 0..3 {
        assert_eq!(version(&stage.browser().get(MENU).await), 2);
    }
    let calls = stage.sidecar.received("catalog").await;
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1].headers["if-none-match"], "\"menu-1\"");
    assert_eq!(
        calls[1].headers["cache-control"], "no-cache",
        "not what the catalog itself has kept for a second"
    );

    // Of a product: every store's. It was nothing that shows there: the same is new again.
    upstream()
        .respond_with(ResponseTemplate::new(304).insert_header("etag", "\"menu-2\""))
        .await;
    tell(&stage, None, APP_TOKEN).await;
    for _ in 0..3 {
        assert_eq!(version(&stage.browser().get(MENU).await), 2);
    }
    assert_eq!(asked(&stage).await, 3);
    stage.clock.advance(TimeDelta::seconds(30));
    stage.browser().get(MENU).await;
    assert_eq!(
        asked(&stage).await,
        4,
        "an event that is lost is made up for"
    );
}

/// The catalog may have answered before the change and its answer come after the event.
#[tokio::test]
async fn an_answer_from_before_the_change_is_not_kept_after_it() {
    let stage = Stage::set().await;
    let upstream = || stage.sidecar.invoke("catalog", Method::GET, UPSTREAM);
    let slow = menu(1).set_delay(Duration::from_millis(500));
    upstream().times(1).respond_with(slow).await;
    let reader = {
        let mut browser = stage.browser();
        tokio::spawn(async move { browser.get(MENU).await })
    };
    while asked(&stage).await == 0 {
        tokio::task::yield_now().await;
    }
    tell(&stage, Some(STORE), APP_TOKEN).await;
    assert_eq!(version(&reader.await.expect("an answer")), 1);
    upstream().respond_with(menu(2)).await;
    assert_eq!(version(&stage.browser().get(MENU).await), 2);
    assert_eq!(version(&stage.browser().get(MENU).await), 2);
    assert_eq!(asked(&stage).await, 2);
}

#[tokio::test]
async fn what_is_sold_out_makes_no_old_menu_new() {
    let stage = Stage::set().await;
    let upstream = || stage.sidecar.invoke("catalog", Method::GET, UPSTREAM);
    upstream().times(1).respond_with(menu(1)).await;
    stage.browser().get(MENU).await;
    tell(&stage, Some(STORE), APP_TOKEN).await;
    let sold_out = json!({
        "store_id": STORE, "version": 9, "sold_out": {"variations": [SMALL], "options": []},
    });
    deliver(&stage, "/events/inventory", &sold_out, APP_TOKEN).await;
    upstream().respond_with(menu(2)).await;
    assert_eq!(version(&stage.browser().get(MENU).await), 2);
}

#[tokio::test]
async fn an_absent_catalog_is_made_up_for_after_a_change_too() {
    let stage = Stage::set().await;
    let upstream = || stage.sidecar.invoke("catalog", Method::GET, UPSTREAM);
    upstream().times(1).respond_with(menu(1)).await;
    stage.browser().get(MENU).await;
    tell(&stage, None, APP_TOKEN).await;
    let answer = stage.browser().get(MENU).await;
    assert_eq!((answer.status, version(&answer)), (StatusCode::OK, 1));
    assert_eq!(answer.header("cache-status"), "crema; hit; detail=stale");
}

#[tokio::test]
async fn a_forged_change_asks_nobody() {
    let stage = Stage::set().await;
    let upstream = stage.sidecar.invoke("catalog", Method::GET, UPSTREAM);
    upstream.respond_with(menu(1)).await;
    stage.browser().get(MENU).await;
    for token in ["", "forged"] {
        let told = tell(&stage, None, token).await;
        assert_eq!(told, StatusCode::UNAUTHORIZED, "{token}");
    }
    stage.browser().get(MENU).await;
    assert_eq!(asked(&stage).await, 1);
}
