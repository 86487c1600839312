//! Sessions over their life: refresh, timeouts, signing out, a store that is away or lies.

use std::time::Duration;

use axum::http::{Method, Request, StatusCode, header};
use bff::session::StateStore as _;
use chrono::TimeDelta;
use serde_json::json;
use testkit::APP_TOKEN;
use uuid::Uuid;

use crate::identity::PERSON;
use crate::stage::Stage;

async fn with_orders() -> Stage {
    let stage = Stage::set().await;
    stage
        .sidecar
        .invoke("order", Method::GET, "/v1/orders")
        .respond(200, json!({"items": [], "next": null}))
        .await;
    stage
}

fn refreshes(stage: &Stage) -> usize {
    stage.identity.with(|identity| {
        identity
            .grants
            .iter()
            .filter(|grant| *grant == "refresh_token")
            .count()
    })
}

#[tokio::test]
async fn services_get_a_token_of_the_person_for_themselves_alone() {
    let stage = with_orders().await;
    let mut browser = stage.signed_in().await;
    for _ in 0..3 {
        assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    }
    let calls = stage.sidecar.received("order").await;
    assert_eq!(calls.len(), 3);
    let bearer = calls[0].headers["authorization"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(bearer.starts_with("Bearer "));
    let exchanges = stage.identity.with(|identity| {
        identity
            .grants
            .iter()
            .filter(|grant| *grant == "token-exchange")
            .count()
    });
    assert_eq!(exchanges, 1, "the exchanged token is kept");
}

#[tokio::test]
async fn a_sign_in_that_ended_at_identity_is_over_here_at_once() {
    let stage = with_orders().await;
    let mut browser = stage.signed_in().await;
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    let tell = async |kind: &str, sid: Uuid| {
        let event = json!({
            "specversion": "1.0", "id": "event-1", "source": "/identity", "type": kind, "subject": sid,
            "time": "2026-01-02T03:04:06.000Z", "datacontenttype": "application/json", "sequence": "1",
            "data": {"sid": sid, "user_id": PERSON, "reason": "deactivated", "occurred_at": "2026-01-02T03:04:06.000Z"},
        });
        let request = Request::post("/events/identity")
            .header("dapr-api-token", APP_TOKEN)
            .header(header::CONTENT_TYPE, "application/cloudevents+json")
            .body(event.to_string().into())
            .expect("a request");
        stage.sidecar_calls(request).await.0
    };
    let (revoked, signed_in) = ("identity.session.revoked.v1", "user.logged_in.v1");
    // The stand-in for identity names the session like its person.
    for (kind, sid) in [(revoked, Uuid::from_u128(1)), (signed_in, PERSON)] {
        assert_eq!(tell(kind, sid).await, StatusCode::NO_CONTENT);
        assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    }
    let calls = stage.sidecar.received("order").await.len();
    assert_eq!(tell(revoked, PERSON).await, StatusCode::NO_CONTENT);
    let answer = browser.get("/api/orders").await;
    assert_eq!(
        (answer.status, answer.problem()),
        (StatusCode::UNAUTHORIZED, "session-ended".into())
    );
    assert_eq!(stage.sidecar.received("order").await.len(), calls);
}

#[tokio::test]
async fn a_session_that_ends_at_another_replica_is_over_here_after_a_moment() {
    let stage = with_orders().await;
    let mut browser = stage.signed_in().await;
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    let (key, ..) = stage.store.contents().remove(0);
    stage.store.remove(&key).await.expect("a store");
    stage.clock.advance(TimeDelta::milliseconds(999));
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    stage.clock.advance(TimeDelta::milliseconds(1));
    let answer = browser.get("/api/orders").await;
    assert_eq!(
        (answer.status, answer.problem()),
        (StatusCode::UNAUTHORIZED, "session-ended".into())
    );
}

#[tokio::test]
async fn many_requests_cause_one_refresh() {
    let stage = with_orders().await;
    let browser = stage.signed_in().await;
    stage
        .identity
        .with(|identity| identity.refresh_takes = Duration::from_millis(200));
    stage.clock.advance(TimeDelta::minutes(5));
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let mut browser = browser.clone();
        all.spawn(async move { browser.get("/api/orders").await.status });
    }
    assert!(
        all.join_all()
            .await
            .into_iter()
            .all(|status| status == StatusCode::OK)
    );
    assert_eq!(refreshes(&stage), 1);
}

#[tokio::test]
async fn a_refresh_is_finished_although_its_caller_hangs_up() {
    let stage = with_orders().await;
    let mut browser = stage.signed_in().await;
    stage
        .identity
        .with(|identity| identity.refresh_takes = Duration::from_millis(300));
    stage.clock.advance(TimeDelta::minutes(5));
    let mut impatient = browser.clone();
    let hung_up =
        tokio::time::timeout(Duration::from_millis(100), impatient.get("/api/orders")).await;
    assert!(hung_up.is_err());
    // The next request waits for its turn and finds the new grant; a lost one would be refused and end the session.
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    assert_eq!(refreshes(&stage), 1);
}

#[tokio::test]
async fn an_unused_session_ends_and_a_used_one_ends_too_in_the_end() {
    let stage = with_orders().await;
    let mut browser = stage.signed_in().await;
    let mut used = stage.signed_in().await;
    // The fake identity knows one refresh token; the unused session never comes back for its own.
    for _ in 0..7 {
        stage.clock.advance(TimeDelta::minutes(100));
        assert_eq!(used.get("/api/orders").await.status, StatusCode::OK);
    }
    let unused = browser.get("/api/orders").await;
    assert_eq!(
        (unused.status, unused.problem()),
        (StatusCode::UNAUTHORIZED, "session-ended".into())
    );
    assert_eq!(browser.get("/api/session").await.json()["signed_in"], false);
    assert!(
        !browser.cookies.contains_key("__Host-crema"),
        "the useless cookie is taken back"
    );
    stage.clock.advance(TimeDelta::minutes(21));
    assert_eq!(
        used.get("/api/orders").await.status,
        StatusCode::UNAUTHORIZED,
        "twelve hours are the end"
    );
}

#[tokio::test]
async fn the_store_forgets_a_session_when_it_ends() {
    let stage = Stage::set().await;
    stage.signed_in().await;
    let (_, _, ttl) = stage.store.contents().remove(0);
    assert_eq!(ttl, Duration::from_hours(2));
}

#[tokio::test]
async fn a_refused_refresh_ends_the_session() {
    let stage = with_orders().await;
    let mut browser = stage.signed_in().await;
    stage
        .identity
        .with(|identity| identity.refuses_refresh = true);
    stage.clock.advance(TimeDelta::minutes(5));
    assert_eq!(browser.get("/api/orders").await.problem(), "session-ended");
    assert!(stage.store.contents().is_empty());
}

#[tokio::test]
async fn an_identity_that_is_away_ends_no_session() {
    let stage = with_orders().await;
    let mut browser = stage.signed_in().await;
    stage.identity.with(|identity| identity.broken = Some(503));
    stage.clock.advance(TimeDelta::minutes(5));
    let answer = browser.get("/api/orders").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.header("retry-after").is_empty());
    stage.identity.with(|identity| identity.broken = None);
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
}

#[tokio::test]
async fn signing_out_revokes_and_leaves_nothing() {
    let stage = with_orders().await;
    let mut browser = stage.signed_in().await;
    let mut copy = browser.clone();
    let refresh_token = stage
        .identity
        .with(|identity| identity.refresh_token.clone());
    let answer = browser.send(Method::DELETE, "/api/session", &[], "").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(
        stage.identity.with(|identity| identity.revoked.clone()),
        [refresh_token]
    );
    assert!(stage.store.contents().is_empty() && !browser.cookies.contains_key("__Host-crema"));
    assert_eq!(
        copy.get("/api/orders").await.status,
        StatusCode::UNAUTHORIZED,
        "a copied cookie is dead"
    );
}

#[tokio::test]
async fn signing_out_needs_our_header_and_no_identity() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    let plain = [
        ("sec-fetch-site", "same-origin"),
        ("origin", crate::browser::HERE),
    ];
    let refused = browser
        .ask(
            Method::DELETE,
            "/api/session",
            &plain,
            axum::body::Body::empty(),
        )
        .await;
    assert_eq!(
        (refused.status, refused.problem()),
        (StatusCode::FORBIDDEN, "request-header-missing".into())
    );
    assert_eq!(browser.get("/api/session").await.json()["signed_in"], true);
    stage.identity.with(|identity| identity.broken = Some(503));
    assert_eq!(
        browser
            .send(Method::DELETE, "/api/session", &[], "")
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(browser.get("/api/session").await.json()["signed_in"], false);
}

#[tokio::test]
async fn who_writes_to_the_store_becomes_nobody() {
    let stage = Stage::set().await;
    let mut ada = stage.signed_in().await;
    let (key_of_ada, sealed, _) = stage.store.contents().remove(0);
    let mut other = stage.signed_in().await;
    let (key_of_other, ..) = stage
        .store
        .contents()
        .into_iter()
        .find(|(key, ..)| *key != key_of_ada)
        .expect("the other session");
    stage.store.plant(&key_of_other, sealed);
    assert_eq!(
        other.get("/api/session").await.json()["signed_in"],
        false,
        "another's record"
    );
    stage
        .store
        .plant(&key_of_ada, br#"{"person":{"name":"admin"}}"#.to_vec());
    assert_eq!(
        ada.get("/api/session").await.json()["signed_in"],
        false,
        "a record in the clear"
    );
}

#[tokio::test]
async fn a_store_that_is_away_is_a_problem_and_no_sign_out() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    stage.store.set_away(true);
    for path in ["/api/session", "/api/orders"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(!answer.header("retry-after").is_empty());
    }
    stage.store.set_away(false);
    assert_eq!(browser.get("/api/session").await.json()["signed_in"], true);
}
