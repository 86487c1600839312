//! Events that were given up: kept once, listed, and redriven with one effect.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::counter::completed;
use crate::world::{Answer, World, request};

async fn redrive(world: &World, id: &str) -> Answer {
    let path = format!("/v1/dead-letters/{id}/redrive");
    let request = request(Method::POST, &path, &world.operator()).body(Body::empty());
    world.send(request.expect("a request")).await
}

async fn letters(world: &World) -> Vec<Value> {
    let answer = world.get(&world.operator(), "/v1/dead-letters").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.body["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn a_letter_is_kept_once_and_redriven_once() {
    let world = World::new().await;
    let mut event = completed();
    event["topic"] = json!("order-events.payment.dead");
    for _ in 0..3 {
        assert_eq!(
            world.deliver("/events/dead", &event).await.status,
            StatusCode::NO_CONTENT
        );
    }
    let letters = letters(&world).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["topic"], "order-events.payment.dead");
    assert_eq!(letters[0]["type"], "order.completed.v1");
    assert_eq!(letters[0]["redriven_at"], Value::Null);
    assert_eq!(letters[0]["event"], event);
    let id = letters[0]["id"].as_str().expect("an id");
    for _ in 0..3 {
        let answer = redrive(&world, id).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.body["redriven_at"], "2026-03-02T07:30:00.000Z");
    }
    assert_eq!(world.events().await, ["payment.processed.v1"]);
    // The delivery that comes after all has no second effect.
    assert_eq!(
        world.deliver("/events/order", &completed()).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(world.events().await.len(), 1);
}

#[tokio::test]
async fn what_makes_no_sense_is_kept_and_stays() {
    let world = World::new().await;
    for event in [json!({"id": "x"}), json!("text"), json!([1]), {
        let mut event = completed();
        event["data"] = json!({"order_id": 7});
        event
    }] {
        assert_eq!(
            world.deliver("/events/dead", &event).await.status,
            StatusCode::NO_CONTENT,
            "{event}"
        );
    }
    let letters = letters(&world).await;
    assert_eq!(letters.len(), 4);
    for letter in letters {
        let answer = redrive(&world, letter["id"].as_str().expect("an id")).await;
        assert_eq!(
            answer.problem(),
            (409, "dead-letter-unusable".into()),
            "{letter}"
        );
    }
    assert!(
        self::letters(&world)
            .await
            .iter()
            .all(|letter| letter["redriven_at"].is_null())
    );
}

#[tokio::test]
async fn pages_and_unknown_letters() {
    let world = World::new().await;
    for number in 0..3 {
        let mut event = completed();
        event["id"] = json!(format!("event-{number}"));
        world.deliver("/events/dead", &event).await;
    }
    let operator = world.operator();
    let first = world.get(&operator, "/v1/dead-letters?limit=2").await.body;
    assert_eq!(first["items"].as_array().expect("items").len(), 2);
    let next = first["next"].as_str().expect("a cursor");
    let path = format!("/v1/dead-letters?limit=2&cursor={next}");
    let second = world.get(&operator, &path).await.body;
    assert_eq!(second["items"].as_array().expect("items").len(), 1);
    assert_eq!(second["next"], Value::Null);
    let answer = world.get(&operator, "/v1/dead-letters?limit=0").await;
    assert_eq!(answer.problem(), (422, "invalid-query".into()));
    let answer = redrive(&world, &Uuid::from_u128(1).to_string()).await;
    assert_eq!(answer.problem(), (404, "dead-letter-not-found".into()));
}
