//! What is sold out, on the menus that browsers get.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use chrono::TimeDelta;
use serde_json::{Value, json};
use testkit::APP_TOKEN;
use wiremock::ResponseTemplate;

use crate::browser::Answer;
use crate::identity;
use crate::menus::{LARGE, MENU, OAT, SMALL, STORE, UPSTREAM, asked, menu, product, version};
use crate::stage::Stage;

const AVAILABILITY: &str = "/v1/stores/0190a000-0000-7000-8000-000000000001/availability";

/// What is marked as sold out: small, large, oat.
fn marks(answer: &Answer) -> [bool; 3] {
    let product = product(answer);
    [
        &product["variations"][0],
        &product["variations"][1],
        &product["option_groups"][0]["options"][0],
    ]
    .map(|part| part["sold_out"].as_bool().expect("a mark"))
}

fn sold_out(version: i64, variations: &[&str], options: &[&str]) -> Value {
    json!({"store_id": STORE, "version": version, "sold_out": {"variations": variations, "options": options}})
}

async fn tell(stage: &Stage, available: &Value, token: &str) -> StatusCode {
    let mut data = available.clone();
    data["occurred_at"] = "2026-01-02T03:04:06.000Z".into();
    let event = json!({
        "specversion": "1.0", "id": "event-1", "source": "/inventory", "type": "inventory.availability_changed.v1",
        "subject": STORE, "time": "2026-01-02T03:04:06.000Z", "datacontenttype": "application/json",
        "sequence": available["version"].to_string(), "data": data,
    });
    let request = Request::post("/events/inventory")
        .header("dapr-api-token", token)
        .header("content-type", "application/cloudevents+json")
        .body(Body::from(event.to_string()))
        .expect("a request");
    stage.sidecar_calls(request).await.0
}

#[tokio::test]
async fn what_a_store_has_run_out_of_is_marked_on_its_menu() {
    let stage = Stage::set().await;
    let catalog = stage.sidecar.invoke("catalog", Method::GET, UPSTREAM);
    catalog.respond_with(menu(1)).await;
    let inventory = stage.sidecar.invoke("inventory", Method::GET, AVAILABILITY);
    inventory.respond(200, sold_out(3, &[LARGE], &[OAT])).await;
    for _ in 0..2 {
        assert_eq!(marks(&stage.browser().get(MENU).await), [false, true, true]);
    }
    let asked = stage.sidecar.received("inventory").await;
    assert_eq!(asked.len(), 1, "kept with the menu");
    let claims = identity::claims(&asked[0].headers);
    assert_eq!(claims["aud"], "inventory");
    let grants = stage.identity.with(|identity| identity.grants.clone());
    assert_eq!(grants, ["client_credentials"; 2], "in our own name");
}

#[tokio::test]
async fn an_absent_inventory_holds_no_menu_back_and_sells_nothing_out() {
    let stage = Stage::set().await;
    let catalog = || stage.sidecar.invoke("catalog", Method::GET, UPSTREAM);
    let inventory = || stage.sidecar.invoke("inventory", Method::GET, AVAILABILITY);
    catalog().respond_with(menu(1)).await;
    let answer = stage.browser().get(MENU).await;
    assert_eq!(
        (answer.status, marks(&answer)),
        (StatusCode::OK, [false; 3])
    );

    inventory()
        .times(1)
        .respond(200, sold_out(1, &[SMALL], &[]))
        .await;
    stage.clock.advance(TimeDelta::seconds(30));
    assert_eq!(
        marks(&stage.browser().get(MENU).await),
        [true, false, false]
    );

    inventory()
        .respond_with(ResponseTemplate::new(200).set_body_string("canary"))
        .await;
    stage.clock.advance(TimeDelta::seconds(30));
    assert_eq!(marks(&stage.browser().get(MENU).await), [false; 3]);
}

#[tokio::test]
async fn a_change_of_the_stock_shows_at_once_and_without_another_question() {
    let stage = Stage::set().await;
    let catalog = stage.sidecar.invoke("catalog", Method::GET, UPSTREAM);
    catalog.respond_with(menu(1)).await;
    let inventory = stage.sidecar.invoke("inventory", Method::GET, AVAILABILITY);
    inventory.respond(200, sold_out(3, &[], &[])).await;
    let nobody_asked = tell(&stage, &sold_out(2, &[SMALL], &[]), APP_TOKEN).await;
    assert_eq!(nobody_asked, StatusCode::NO_CONTENT);

    let before = stage.browser().get(MENU).await;
    assert_eq!(marks(&before), [false; 3]);
    for (version, variations, shown) in [
        (4, [SMALL].as_slice(), [true, false, false]),
        (3, &[LARGE], [true, false, false]),
        (4, &[LARGE], [true, false, false]),
        (6, &[LARGE], [false, true, false]),
        (7, &[], [false; 3]),
    ] {
        let told = tell(&stage, &sold_out(version, variations, &[]), APP_TOKEN).await;
        assert_eq!(told, StatusCode::NO_CONTENT);
        let answer = stage.browser().get(MENU).await;
        assert_eq!(marks(&answer), shown, "{version}");
        assert_eq!(
            answer.header("etag") == before.header("etag"),
            shown == [false; 3],
            "a tag names its bytes"
        );
    }
    assert_eq!(asked(&stage).await, 1);
    assert_eq!(stage.sidecar.received("inventory").await.len(), 1);

    // It is as new as it was before.
    stage.clock.advance(TimeDelta::seconds(30));
    stage.browser().get(MENU).await;
    assert_eq!(asked(&stage).await, 2);
}

#[tokio::test]
async fn a_forged_or_unreadable_change_of_the_stock_changes_nothing() {
    let stage = Stage::set().await;
    let catalog = stage.sidecar.invoke("catalog", Method::GET, UPSTREAM);
    catalog.respond_with(menu(1)).await;
    stage.browser().get(MENU).await;
    let forged = sold_out(9, &[SMALL], &[]);
    for token in ["", "forged"] {
        assert_eq!(
            tell(&stage, &forged, token).await,
            StatusCode::UNAUTHORIZED,
            "{token}"
        );
    }
    // An invocation of another service comes through our sidecar too.
    let invoked = Request::post("/events/inventory")
        .header("dapr-api-token", APP_TOKEN)
        .header("dapr-caller-app-id", "order")
        .body(Body::empty());
    let (status, _) = stage.sidecar_calls(invoked.expect("a request")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let unreadable = json!({"store_id": STORE, "version": 9});
    assert_eq!(
        tell(&stage, &unreadable, APP_TOKEN).await,
        StatusCode::NOT_FOUND,
        "dead-lettered without another try"
    );
    assert_eq!(marks(&stage.browser().get(MENU).await), [false; 3]);
}

#[tokio::test]
async fn a_menu_that_can_not_be_read_is_not_served() {
    let stage = Stage::set().await;
    let catalog = || stage.sidecar.invoke("catalog", Method::GET, UPSTREAM);
    catalog()
        .times(1)
        .respond(200, json!({"store_id": STORE}))
        .await;
    let answer = stage.browser().get(MENU).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    catalog().times(1).respond_with(menu(1)).await;
    stage.browser().get(MENU).await;
    stage.clock.advance(TimeDelta::seconds(30));
    catalog().respond(200, json!({"store_id": STORE})).await;
    let answer = stage.browser().get(MENU).await;
    assert_eq!((answer.status, version(&answer)), (StatusCode::OK, 1));
    assert_eq!(answer.header("cache-status"), "crema; hit; detail=stale");
}
