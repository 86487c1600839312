//! What was paid at the counter: booked once, however often it is told.

use axum::http::StatusCode;
use payment::payment::{Method, OrderId, Status};
use serde_json::{Value, json};

use crate::world::{STORE, World, refund};

/// The order service's own sample.
pub fn completed() -> Value {
    let text = include_str!("../../../order/events/order.completed.v1.json");
    serde_json::from_str(text).expect("a golden sample is JSON")
}

fn order_of(event: &Value) -> OrderId {
    let id = event["data"]["order_id"].as_str().expect("an id");
    OrderId(id.parse().expect("a UUID"))
}

#[tokio::test]
async fn five_deliveries_are_one_capture() {
    let world = World::new().await;
    let event = completed();
    for _ in 0..5 {
        let answer = world.deliver("/events/order", &event).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
    let payment = world.payment(order_of(&event)).await;
    assert_eq!(
        (payment.method, payment.status()),
        (Method::Counter, Status::Captured)
    );
    assert_eq!(json!(payment.captured()), event["data"]["total"]);
    assert_eq!(world.events().await, ["payment.processed.v1"]);
    let entries: Vec<(String, i64)> =
        sqlx::query_as("SELECT account, amount FROM ledger ORDER BY amount")
            .fetch_all(world.db())
            .await
            .expect("the ledger");
    assert_eq!(
        entries,
        [("sales".to_owned(), -890), ("cash".to_owned(), 890)]
    );
    assert_eq!(world.provider.keys("authorisation").len(), 0);
}

#[tokio::test]
async fn even_without_the_inbox_the_order_has_one_payment() {
    let world = World::new().await;
    let mut event = completed();
    for _ in 0..3 {
        event["id"] = json!(world.app.ids.next());
        let answer = world.deliver("/events/order", &event).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(world.events().await, ["payment.processed.v1"]);
}

#[tokio::test]
async fn five_at_once_are_one_capture() {
    let world = World::new().await;
    let event = completed();
    let many = (0..5).map(|_| world.deliver("/events/order", &event));
    for answer in futures::future::join_all(many).await {
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(world.events().await.len(), 1);
}

#[tokio::test]
async fn only_completed_orders_that_were_paid_at_the_counter_are_booked() {
    let world = World::new().await;
    for (pointer, value) in [
        ("/data/payment/method", json!("card")),
        ("/data/payment/method", json!("gift_voucher")),
        ("/data/total/amount", json!(0)),
        ("/type", json!("order.confirmed.v1")),
        ("/type", json!("order.completed.v2")),
    ] {
        let mut event = completed();
        event["id"] = json!(world.app.ids.next());
        *event.pointer_mut(pointer).expect(pointer) = value;
        let answer = world.deliver("/events/order", &event).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{pointer}");
    }
    let payments: i64 = sqlx::query_scalar("SELECT count(*) FROM payments")
        .fetch_one(world.db())
        .await
        .expect("a count");
    assert_eq!(payments, 0);
}

#[tokio::test]
async fn the_first_orders_did_not_say_how_and_were_paid_at_the_counter() {
    let world = World::new().await;
    let mut event = completed();
    event["data"]
        .as_object_mut()
        .expect("data")
        .remove("payment");
    assert_eq!(
        world.deliver("/events/order", &event).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        world.payment(order_of(&event)).await.method,
        Method::Counter
    );
}

#[tokio::test]
async fn what_can_not_be_used_goes_to_the_dead_letters_at_once() {
    let world = World::new().await;
    let paid = world.captured().await;
    let undone = world.new_order();
    world.void(undone).await;
    for (pointer, value) in [
        ("/data/order_id", json!(paid.0)),
        ("/data/order_id", json!(undone.0)),
        ("/data/order_id", json!("no id")),
        ("/data/total/amount", json!(-1)),
        ("/data/total/amount", json!(i64::MAX)),
        ("/data/total/currency", json!("euros")),
        ("/data", json!(null)),
        ("/sequence", json!("many")),
    ] {
        let mut event = completed();
        *event.pointer_mut(pointer).expect(pointer) = value;
        let answer = world.deliver("/events/order", &event).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{pointer}");
    }
    assert_eq!(world.payment(paid).await.method, Method::Card);
    // Nothing of it was admitted, so redriving it is possible.
    assert_eq!(
        world.deliver("/events/order", &completed()).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn cash_goes_back_over_the_counter() {
    let world = World::new().await;
    let event = completed();
    world.deliver("/events/order", &event).await;
    let order = order_of(&event);
    assert_eq!(event["data"]["store_id"], json!(STORE));
    for _ in 0..2 {
        assert_eq!(
            world.refund(order, "k", 90).await.status,
            StatusCode::CREATED
        );
    }
    assert_eq!(world.payment(order).await.refunded().amount, 90);
    let cash: i64 =
        sqlx::query_scalar("SELECT sum(amount)::bigint FROM ledger WHERE account = 'cash'")
            .fetch_one(world.db())
            .await
            .expect("a sum");
    assert_eq!(cash, 800);
    assert_eq!(world.provider.keys("refund").len(), 0);
    let answer = world
        .refund_by(&world.manager(), order, "l", &refund(801))
        .await;
    assert_eq!(answer.problem(), (409, "refund-exceeds-capture".into()));
    // The saga never undoes what was paid by hand.
    assert_eq!(
        world.undo(order).await.problem(),
        (409, "payment-captured".into())
    );
    assert_eq!(
        world.void(order).await.problem(),
        (409, "payment-captured".into())
    );
    assert_eq!(
        world
            .put_payment(order, &crate::world::authorisation(890))
            .await
            .problem(),
        (422, "payment-differs".into())
    );
}
