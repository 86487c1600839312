//! Events that were given up: kept, listed, redriven.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Answer, BUN, World, buns, order_event, request};

async fn redrive(world: &World, id: &str) -> Answer {
    let path = format!("/v1/dead-letters/{id}/redrive");
    let request = request(Method::POST, &path, &world.operator()).body(Body::empty());
    world.send(request.expect("a request")).await
}

async fn letters(world: &World, query: &str) -> Value {
    let path = format!("/v1/dead-letters{query}");
    let answer = world.get(&world.operator(), &path).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.body
}

#[tokio::test]
async fn a_letter_is_kept_once_and_handled_when_it_is_redriven() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    let mut confirmed = order_event("e-1", "order.confirmed.v1", order, 2);
    confirmed["topic"] = json!("order-events.inventory.dead");
    for _ in 0..2 {
        let status = world.deliver("/events/dead", &confirmed).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    }
    let kept = letters(&world, "").await;
    assert_eq!(kept["items"].as_array().map(Vec::len), Some(1));
    let letter = &kept["items"][0];
    assert_eq!(letter["topic"], "order-events.inventory.dead");
    assert_eq!(letter["type"], "order.confirmed.v1");
    assert_eq!(letter["redriven_at"], json!(null));
    assert_eq!(letter["event"], confirmed);
    assert_eq!(world.status(order).await, "held");

    let id = letter["id"].as_str().expect("an id");
    let redriven = redrive(&world, id).await;
    assert_eq!(redriven.status, StatusCode::OK);
    assert_eq!(redriven.body["redriven_at"], "2026-03-02T07:30:00.000Z");
    assert_eq!(world.status(order).await, "committed");
    world.app.clock.advance(chrono::TimeDelta::minutes(1));
    let again = redrive(&world, id).await;
    assert_eq!((again.status, again.body), (StatusCode::OK, redriven.body));
    // Nor does the broker's own late delivery do it again.
    world.deliver("/events/order", &confirmed).await;
    assert_eq!(world.counters(BUN).await.sold, 2);
    assert_eq!(world.told("inventory.committed.v1").await.len(), 1);
}

#[tokio::test]
async fn a_letter_that_can_t_be_read_is_kept_all_the_same() {
    let world = World::new().await;
    let poison = json!({"id": "p", "source": "/order", "type": "order.confirmed.v1", "data": 7});
    assert_eq!(
        world.deliver("/events/dead", &poison).await,
        StatusCode::NO_CONTENT
    );
    let kept = letters(&world, "").await;
    let id = kept["items"][0]["id"].as_str().expect("an id");
    let answer = redrive(&world, id).await;
    assert_eq!(answer.problem(), (409, "dead-letter-unusable".into()));
    let kept = letters(&world, "").await;
    assert_eq!(kept["items"][0]["redriven_at"], json!(null));

    let nul = order_event("a\u{0}b", "order.confirmed.v1", world.order(), 2).to_string();
    for body in ["not even JSON", "\0", &nul, "\"\\u0000\"", "[]", "7"] {
        world.app.clock.advance(chrono::TimeDelta::seconds(1));
        let delivery = request(Method::POST, "/events/dead", "").body(Body::from(body.to_owned()));
        let status = world.send(delivery.expect("a request")).await.status;
        assert_eq!(status, StatusCode::NO_CONTENT, "{body:?}");
        let newest = &letters(&world, "").await["items"][0];
        let answer = redrive(&world, newest["id"].as_str().expect("an id")).await;
        assert_eq!(
            answer.problem(),
            (409, "dead-letter-unusable".into()),
            "{body:?}"
        );
    }
}

#[tokio::test]
async fn letters_come_in_pages_and_unknown_ones_are_404() {
    let world = World::new().await;
    for number in 0..3 {
        let event = order_event(
            &format!("e-{number}"),
            "order.confirmed.v1",
            world.order(),
            2,
        );
        world.deliver("/events/dead", &event).await;
        world.app.clock.advance(chrono::TimeDelta::seconds(1));
    }
    let first = letters(&world, "?limit=2").await;
    let ids = |page: &Value| -> Vec<Value> {
        let items = page["items"].as_array().expect("items");
        items
            .iter()
            .map(|letter| letter["event_id"].clone())
            .collect()
    };
    assert_eq!(ids(&first), ["e-2", "e-1"]);
    let cursor = first["next"].as_str().expect("a cursor");
    let second = letters(&world, &format!("?limit=2&cursor={cursor}")).await;
    assert_eq!(ids(&second), ["e-0"]);
    assert_eq!(second["next"], json!(null));

    let unknown = redrive(&world, &Uuid::from_u128(9).to_string()).await;
    assert_eq!(unknown.problem(), (404, "dead-letter-not-found".into()));
}
