//! `GET /api/stores/{id}/search`, which anybody may ask.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::identity;
use crate::menus::asked;
use crate::stage::Stage;

const SEARCH: &str = "/api/stores/0190a000-0000-7000-8000-000000000001/search";
const UPSTREAM: &str = "/v1/stores/0190a000-0000-7000-8000-000000000001/search";

#[tokio::test]
async fn anybody_searches_and_the_question_is_passed_on_as_it_came() {
    let stage = Stage::set().await;
    let found = json!({"items": []});
    let upstream = stage.sidecar.invoke("catalog", Method::GET, UPSTREAM);
    upstream.respond(200, found.clone()).await;
    let query = "q=caff%C3%A8%20late&without=milk,nuts&max_price=400&limit=3";
    for asked_for in 1..=2 {
        let answer = stage.browser().get(&format!("{SEARCH}?{query}")).await;
        assert_eq!(
            (answer.status, answer.json()),
            (StatusCode::OK, found.clone())
        );
        assert_eq!(asked(&stage).await, asked_for, "no answer is kept");
    }
    let call = stage.sidecar.received("catalog").await.remove(0);
    assert_eq!(call.path_and_query, format!("{UPSTREAM}?{query}"));
    assert_eq!(identity::claims(&call.headers)["aud"], "catalog");
    let grants = stage.identity.with(|identity| identity.grants.clone());
    assert_eq!(grants, ["client_credentials"], "in our own name");
}

#[tokio::test]
async fn a_question_that_breaks_the_contract_reaches_nobody() {
    let stage = Stage::set().await;
    for bad in [
        "limit=0",
        "limit=51",
        "limit=ten",
        "max_price=-1",
        "category=coffee",
    ] {
        let answer = stage.browser().get(&format!("{SEARCH}?{bad}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
        assert_eq!(answer.problem(), "invalid-query", "{bad}");
    }
    let nowhere = stage.browser().get("/api/stores/rynek/search?q=a").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    assert_eq!(asked(&stage).await, 0);
}

#[tokio::test]
async fn an_absent_catalog_is_a_503() {
    let stage = Stage::set().await;
    let answer = stage.browser().get(&format!("{SEARCH}?q=latte")).await;
    assert_eq!(
        (answer.status, answer.problem()),
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable".into())
    );
}
