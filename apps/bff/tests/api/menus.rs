//! Stores and menus from the cache.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::browser::Answer;
use crate::stage::Stage;

pub const MENU: &str = "/api/stores/0190a000-0000-7000-8000-000000000001/menu";
pub const UPSTREAM: &str = "/v1/stores/0190a000-0000-7000-8000-000000000001/menu";

pub const STORE: &str = "0190a000-0000-7000-8000-000000000001";
pub const SMALL: &str = "0190a000-0000-7000-8000-0000000000b1";
pub const LARGE: &str = "0190a000-0000-7000-8000-0000000000b2";
pub const OAT: &str = "0190a000-0000-7000-8000-0000000000c1";

/// The catalog's menu; its version shows in the name of its one product.
pub fn menu(version: u32) -> ResponseTemplate {
    let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    let menu = json!({"store_id": STORE, "currency": "EUR", "categories": [{
        "id": "0190a000-0000-7000-8000-0000000000e1", "name": "Coffee", "products": [{
            "id": "0190a000-0000-7000-8000-0000000000f1", "name": format!("Flat white {version}"),
            "description": "Silky.", "image": "flat-white", "allergens": ["milk"], "photo": photo(),
            "variations": [{"id": SMALL, "name": "Small", "price": eur(350)}, {"id": LARGE, "name": "Large", "price": eur(420)}],
            "option_groups": [{"id": "0190a000-0000-7000-8000-0000000000a1", "name": "Milk", "min": 1, "max": 1,
                "options": [{"id": OAT, "name": "Oat", "price": eur(60), "default": false}]}],
        }],
    }]});
    ResponseTemplate::new(200)
        .set_body_json(menu)
        .insert_header("etag", format!("\"menu-{version}\""))
}

/// A photograph, as the catalog tells of one.
pub fn photo() -> Value {
    let hash = |digit: &str| digit.repeat(64);
    json!({"width": 480, "height": 320, "renditions": [
        {"width": 160, "hash": hash("a")}, {"width": 480, "hash": hash("b")},
    ]})
}

/// Which of the catalog's menus this is.
pub fn version(answer: &Answer) -> u32 {
    let name = product(answer)["name"].as_str().map(str::to_owned);
    let name = name.expect("a name");
    let version = name.strip_prefix("Flat white ").expect("ours");
    version.parse().expect("a number")
}

pub fn product(answer: &Answer) -> Value {
    answer.json()["categories"][0]["products"][0].clone()
}

pub async fn asked(stage: &Stage) -> usize {
    stage.sidecar.received("catalog").await.len()
}

#[tokio::test]
async fn anybody_reads_the_menu_and_the_catalog_is_asked_once() {
    let stage = Stage::set().await;
    stage
        .sidecar
        .invoke("catalog", Method::GET, UPSTREAM)
        .respond_with(menu(1))
        .await;
    for _ in 0..5 {
        let answer = stage.browser().get(MENU).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.header("etag").starts_with('"'));
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert_eq!(version(&answer), 1);
        assert_eq!(product(&answer)["photo"], photo());
    }
    let calls = stage.sidecar.received("catalog").await;
    assert_eq!(calls.len(), 1);
    assert!(
        calls[0].headers["authorization"]
            .to_str()
            .is_ok_and(|value| value.starts_with("Bearer "))
    );
}

/// The way that spends nothing on a request counts its answers.
#[tokio::test]
async fn what_is_kept_takes_the_short_way() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let counted = recorder.handle();
    // The test's runtime has this one thread.
    let _guard = metrics::set_default_local_recorder(&recorder);
    let stage = Stage::set().await;
    for upstream in [UPSTREAM, "/v1/stores"] {
        let upstream = stage.sidecar.invoke("catalog", Method::GET, upstream);
        upstream.respond_with(menu(1)).await;
    }
    for path in [MENU, "/api/stores"] {
        stage.browser().get(path).await;
    }
    assert!(counted.render().contains("crema_catalogue_answers_total 0"));
    for path in [MENU, "/api/stores", MENU] {
        assert_eq!(stage.browser().get(path).await.status, StatusCode::OK);
    }
    assert!(counted.render().contains("crema_catalogue_answers_total 3"));
}

/// The short way is no way around the judgement.
#[tokio::test]
async fn what_is_kept_is_for_our_own_pages_alone() {
    let stage = Stage::set().await;
    let catalog = stage.sidecar.invoke("catalog", Method::GET, UPSTREAM);
    catalog.respond_with(menu(1)).await;
    stage.browser().get(MENU).await;
    for (header, status, problem) in [
        (("sec-fetch-site", "cross-site"), 403, "cross-site"),
        (("origin", "https://evil.example"), 403, "cross-site"),
        (("authorization", "Bearer x"), 400, "authorization-refused"),
    ] {
        let mut browser = stage.browser();
        let answer = browser
            .ask(Method::GET, MENU, &[header], Body::empty())
            .await;
        assert_eq!(answer.status, status, "{header:?}");
        assert_eq!(answer.problem(), problem);
    }
}

#[tokio::test]
async fn who_has_it_gets_304_from_the_cache() {
    let stage = Stage::set().await;
    stage
        .sidecar
        .invoke("catalog", Method::GET, UPSTREAM)
        .respond_with(menu(1))
        .await;
    let etag = stage.browser().get(MENU).await.header("etag").to_owned();
    for (tag, status) in [
        (etag.clone(), 304),
        (format!("W/{etag}, \"x\""), 304),
        ("*".to_owned(), 304),
        ("\"menu-1\"".to_owned(), 200),
    ] {
        let headers = [("if-none-match", tag.as_str())];
        let answer = stage
            .browser()
            .ask(Method::GET, MENU, &headers, Body::empty())
            .await;
        assert_eq!(answer.status, status, "{tag}");
        assert_eq!(answer.body.is_empty(), status == 304);
        assert_eq!(answer.header("etag"), etag);
    }
}

#[tokio::test]
async fn after_thirty_seconds_it_is_asked_for_again() {
    let stage = Stage::set().await;
    let upstream = || stage.sidecar.invoke("catalog", Method::GET, UPSTREAM);
    upstream().times(1).respond_with(menu(1)).await;
    stage.browser().get(MENU).await;
    stage.clock.advance(TimeDelta::seconds(29));
    assert_eq!(version(&stage.browser().get(MENU).await), 1);
    assert_eq!(asked(&stage).await, 1);

    stage.clock.advance(TimeDelta::seconds(1));
    upstream()
        .times(1)
        .respond_with(ResponseTemplate::new(304).insert_header("etag", "\"menu-1\""))
        .await;
    assert_eq!(version(&stage.browser().get(MENU).await), 1);
    assert_eq!(version(&stage.browser().get(MENU).await), 1);
    let calls = stage.sidecar.received("catalog").await;
    assert_eq!(calls.len(), 2, "unchanged, it counts as new again");
    assert_eq!(calls[1].headers["if-none-match"], "\"menu-1\"");

    stage.clock.advance(TimeDelta::seconds(30));
    upstream().respond_with(menu(2)).await;
    assert_eq!(version(&stage.browser().get(MENU).await), 2);
}

#[tokio::test]
async fn many_who_come_at_once_cause_one_question() {
    let stage = Stage::set().await;
    let slow = menu(1).set_delay(std::time::Duration::from_millis(200));
    stage
        .sidecar
        .invoke("catalog", Method::GET, UPSTREAM)
        .respond_with(slow)
        .await;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let mut browser = stage.browser();
        all.spawn(async move { browser.get(MENU).await.status });
    }
    assert!(
        all.join_all()
            .await
            .into_iter()
            .all(|status| status == StatusCode::OK)
    );
    assert_eq!(asked(&stage).await, 1);
}

#[tokio::test]
async fn while_the_catalog_is_away_its_last_answer_is_served_and_marked() {
    let stage = Stage::set().await;
    let upstream = || stage.sidecar.invoke("catalog", Method::GET, UPSTREAM);
    upstream().times(1).respond_with(menu(1)).await;
    stage.browser().get(MENU).await;
    stage.clock.advance(TimeDelta::seconds(90));
    for _ in 0..10 {
        let answer = stage.browser().get(MENU).await;
        assert_eq!((answer.status, version(&answer)), (StatusCode::OK, 1));
        assert_eq!(answer.header("age"), "90");
        assert_eq!(answer.header("cache-status"), "crema; hit; detail=stale");
    }
    assert_eq!(
        asked(&stage).await,
        2,
        "after a failure it is left alone for a second"
    );
    stage.clock.advance(TimeDelta::seconds(1));
    upstream().respond_with(menu(2)).await;
    let answer = stage.browser().get(MENU).await;
    assert_eq!((version(&answer), answer.header("age")), (2, ""));
}

#[tokio::test]
async fn without_a_last_answer_an_absent_catalog_is_a_503() {
    let stage = Stage::set().await;
    let answer = stage.browser().get(MENU).await;
    assert_eq!(
        (answer.status, answer.problem()),
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable".into())
    );
}

#[tokio::test]
async fn what_the_catalog_does_not_know_is_passed_on_and_not_kept() {
    let stage = Stage::set().await;
    let unknown = json!({"type": "urn:problem-type:crema:unknown-store", "title": "No such store", "status": 404});
    let answer =
        ResponseTemplate::new(404).set_body_raw(unknown.to_string(), "application/problem+json");
    stage
        .sidecar
        .invoke("catalog", Method::GET, UPSTREAM)
        .times(2)
        .respond_with(answer)
        .await;
    for _ in 0..2 {
        assert_eq!(stage.browser().get(MENU).await.problem(), "unknown-store");
    }
    stage
        .sidecar
        .invoke("catalog", Method::GET, UPSTREAM)
        .respond_with(menu(1))
        .await;
    assert_eq!(stage.browser().get(MENU).await.status, StatusCode::OK);
    assert_eq!(asked(&stage).await, 3);
}

#[tokio::test]
async fn an_answer_without_a_strong_tag_gets_one() {
    let stage = Stage::set().await;
    let weak = ResponseTemplate::new(200)
        .set_body_json(json!({"items": []}))
        .insert_header("etag", "W/\"1\"");
    stage
        .sidecar
        .invoke("catalog", Method::GET, "/v1/stores")
        .respond_with(weak)
        .await;
    let answer = stage.browser().get("/api/stores").await;
    let etag = answer.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.len() > 10, "{etag}");
    let headers = [("if-none-match", etag.as_str())];
    let again = stage
        .browser()
        .ask(Method::GET, "/api/stores", &headers, Body::empty())
        .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}
