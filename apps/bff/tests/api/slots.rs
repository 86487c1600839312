//! Slots, which everybody is told in our own name.

use axum::http::{Method, StatusCode};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::identity::claims;
use crate::stage::Stage;

const SLOTS: &str = "/stores/0190a000-0000-7000-8000-000000000001/slots";

#[tokio::test]
async fn anybody_is_told_and_nothing_is_kept() {
    let stage = Stage::set().await;
    let said =
        json!({"open": true, "opens_at": null, "wait_minutes": 5, "slot_minutes": 10, "slots": []});
    let upstream = format!("/v1{SLOTS}");
    let order = stage.sidecar.invoke("order", Method::GET, &upstream);
    order.respond(200, said.clone()).await;
    let query = "?from=2026-03-02T07:30:00Z";
    for _ in 0..2 {
        let answer = stage.browser().get(&format!("/api{SLOTS}{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(answer.json(), said);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let calls = stage.sidecar.received("order").await;
    assert_eq!(
        calls.len(),
        2,
        "what was to be had a moment ago is not kept"
    );
    for call in calls {
        assert_eq!(call.path_and_query, format!("{upstream}{query}"));
        let claims = claims(&call.headers);
        assert_eq!(
            (&claims["aud"], &claims["sub"]),
            (&json!("order"), &json!("bff"))
        );
    }
}

#[tokio::test]
async fn what_the_order_service_refuses_is_refused() {
    let stage = Stage::set().await;
    let refused =
        json!({"type": "urn:problem-type:crema:store-not-found", "title": "No", "status": 404});
    let upstream = format!("/v1{SLOTS}");
    let order = stage.sidecar.invoke("order", Method::GET, &upstream);
    let refused =
        ResponseTemplate::new(404).set_body_raw(refused.to_string(), "application/problem+json");
    order.respond_with(refused).await;
    let answer = stage.browser().get(&format!("/api{SLOTS}")).await;
    assert_eq!(
        (answer.status, answer.problem()),
        (StatusCode::NOT_FOUND, "store-not-found".into())
    );
    let answer = stage.browser().get("/api/stores/none/slots").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
