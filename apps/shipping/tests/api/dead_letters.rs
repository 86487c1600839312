//! Events that were given up: kept, and redriven.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::world::{World, order_event, request};

#[tokio::test]
async fn a_letter_is_kept_once_and_handled_when_it_is_redriven() {
    let world = World::new().await;
    let order = world.announced().await;
    let mut confirmed = order_event("e-1", "order.confirmed.v1", order, 2);
    confirmed["topic"] = json!("order-events.shipping.dead");
    for _ in 0..2 {
        let status = world.deliver("/events/dead", &confirmed).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    }
    let kept = world.get(&world.operator(), "/v1/dead-letters").await.body;
    assert_eq!(kept["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(world.status(order).await, "announced");
    let id = kept["items"][0]["id"].as_str().expect("an id");
    let path = format!("/v1/dead-letters/{id}/redrive");
    for _ in 0..2 {
        let redrive = request(Method::POST, &path, &world.operator()).body(Body::empty());
        let answer = world.send(redrive.expect("a request")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
    // Nor does the broker's own late delivery do it again.
    confirmed["topic"] = json!("order-events");
    assert_eq!(world.deliver_orders(&[confirmed]).await, ["SUCCESS"]);
    assert_eq!(world.shipment(order).await.version, 2);
}

#[tokio::test]
async fn a_letter_from_whom_nothing_is_expected_stays_one() {
    let world = World::new().await;
    let mut odd = order_event("e-1", "order.confirmed.v1", world.order(), 2);
    odd["source"] = json!("/payment");
    world.deliver("/events/dead", &odd).await;
    let kept = world.get(&world.operator(), "/v1/dead-letters").await.body;
    let id = kept["items"][0]["id"].as_str().expect("an id");
    let path = format!("/v1/dead-letters/{id}/redrive");
    let redrive = request(Method::POST, &path, &world.operator()).body(Body::empty());
    let answer = world.send(redrive.expect("a request")).await;
    assert_eq!(answer.problem(), (409, "dead-letter-unusable".into()));
}
