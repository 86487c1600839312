//! `POST /v1/orders/{id}/cancellation`: who may call an order off, until when, and what becomes of it.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Answer, World, by_card, one_flat_white, place};

async fn cancel(world: &World, token: &str, order: Uuid) -> Answer {
    let path = format!("/v1/orders/{order}/cancellation");
    world.post(token, &path, &json!({})).await
}

fn cancelled(order: &Value) -> bool {
    order["checkout"] == "cancelled"
}

#[tokio::test]
async fn a_confirmed_order_is_recalled_and_undone() {
    let world = World::new().await;
    let id = world.place("k1", &by_card("tok_visa")).await.id();
    let answer = cancel(&world, &world.customer(), id).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.headers[header::ETAG], "\"3\"");
    assert_eq!(
        (&answer.body["checkout"], &answer.body["reason"]),
        (&json!("pending"), &json!("by_customer"))
    );
    let order = world.until(id, cancelled).await;
    assert_eq!(
        order["payment"],
        json!({"method": "card", "status": "refunded"})
    );
    assert_eq!(order["reason"], "by_customer");
    assert_eq!(
        world.shop.called(),
        ["reserve", "authorise", "capture", "refund", "release"]
    );
    let board = world
        .get(
            &world.barista(),
            &format!("/v1/stores/{}/tickets", crate::world::STORE),
        )
        .await;
    assert_eq!(board.body["items"], json!([]));
}

#[tokio::test]
async fn asking_again_asks_for_nothing_new() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    for _ in 0..3 {
        let answer = cancel(&world, &world.customer(), id).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
    }
    let order = world.until(id, cancelled).await;
    assert_eq!(cancel(&world, &world.customer(), id).await.body, order);
    let history = world
        .get(&world.customer(), &format!("/v1/orders/{id}/history"))
        .await;
    let reached: Vec<_> = history.body["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|row| row["to"].clone())
        .collect();
    assert_eq!(
        Value::from(reached),
        json!(["pending", "confirmed", "pending", "cancelled"])
    );
    assert_eq!(world.shop.called(), ["reserve", "release"]);
}

#[tokio::test]
async fn fifty_at_once_cancel_it_once() {
    let world = World::new().await;
    let id = world.place("k1", &by_card("tok_visa")).await.id();
    world.warm().await;
    let customer = world.customer();
    let answers = futures::future::join_all((0..50).map(|_| cancel(&world, &customer, id))).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == StatusCode::ACCEPTED)
    );
    world.until(id, cancelled).await;
    let refunds = world
        .shop
        .called()
        .into_iter()
        .filter(|call| *call == "refund");
    assert_eq!(refunds.count(), 1);
}

#[tokio::test]
async fn a_pending_order_turns_round() {
    let world = World::without_runner().await;
    world
        .catalog_sells("Europe/Warsaw", std::time::Duration::ZERO)
        .await;
    let placed = world
        .send(place(&world.customer(), "k1", &one_flat_white()))
        .await;
    let id = placed.id();
    let answer = cancel(&world, &world.customer(), id).await;
    assert_eq!(
        (answer.status, &answer.body["checkout"]),
        (StatusCode::ACCEPTED, &json!("pending"))
    );
    world.start_runner(&world.app);
    let order = world.until(id, cancelled).await;
    assert_eq!(order["reason"], "by_customer");
    assert_eq!(order["payment"]["status"], "void");
    assert!(!world.shop.called().contains(&"authorise"));
}

#[tokio::test]
async fn staff_of_the_store_may_and_nobody_else() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    for other in [world.stranger(), world.other_barista(), world.operator()] {
        let answer = cancel(&world, &other, id).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (404, "order-not-found")
        );
    }
    assert_eq!(
        cancel(&world, &world.barista(), id).await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(world.until(id, cancelled).await["reason"], "by_staff");
    let none = cancel(&world, &world.customer(), Uuid::from_u128(404)).await;
    assert_eq!(none.problem().0, "order-not-found");
}

#[tokio::test]
async fn what_is_being_made_is_no_longer_called_off() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    let barista = world.barista();
    for (version, status) in [(2, "preparation"), (3, "ready"), (4, "delivered")] {
        world.fulfil(&barista, id, version, status).await;
        for token in [&barista, &world.customer()] {
            let answer = cancel(&world, token, id).await;
            assert_eq!(
                (answer.status.as_u16(), answer.problem().0.as_str()),
                (409, "cannot-cancel"),
                "{status}"
            );
        }
    }
    assert_eq!(world.shop.called(), ["reserve"]);
}

#[tokio::test]
async fn making_and_calling_off_at_once_one_of_them_wins() {
    let world = World::new().await;
    world.warm().await;
    let (barista, customer) = (world.barista(), world.customer());
    for _ in 0..10 {
        let id = world.ordered().await.id();
        let (made, called_off) = tokio::join!(
            world.fulfil(&barista, id, 2, "preparation"),
            cancel(&world, &customer, id)
        );
        match (made.status.as_u16(), called_off.status.as_u16()) {
            (200, 409) => {}
            (409 | 412, 202) => {
                world.until(id, cancelled).await;
            }
            both => panic!("{both:?}"),
        }
    }
}
