//! What the order service's events do, delivered once, often, late, out of order, or by somebody else.

use axum::http::{Request, StatusCode, header};
use serde_json::json;
use testkit::APP_TOKEN;

use crate::world::{BUN, World, buns, order_event};

#[tokio::test]
async fn a_delivery_that_is_repeated_has_one_effect() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    let confirmed = order_event("e-1", "order.confirmed.v1", order, 2);
    for _ in 0..5 {
        let status = world.deliver("/events/order", &confirmed).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    }
    assert_eq!(world.counters(BUN).await.sold, 2);
    assert_eq!(world.count("inbox.messages").await, 1);
    assert_eq!(world.told("inventory.committed.v1").await.len(), 1);
}

#[tokio::test]
async fn deliveries_at_once_have_one_effect() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    let confirmed = order_event("e-1", "order.confirmed.v1", order, 2);
    let all = (0..20).map(|_| world.deliver("/events/order", &confirmed));
    for status in futures::future::join_all(all).await {
        assert_eq!(status, StatusCode::NO_CONTENT);
    }
    assert_eq!(world.counters(BUN).await.sold, 2);
}

#[tokio::test]
async fn a_confirmation_behind_the_cancellation_is_late_and_sells_nothing() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    world.hear("order.cancelled.v1", order, 5).await;
    world.hear("order.confirmed.v1", order, 2).await;
    assert_eq!(world.status(order).await, "released");
    assert_eq!(world.stock(BUN).await, (1_000, 0));
    assert_eq!(world.count("inbox.late").await, 1, "it is audited");
}

#[tokio::test]
async fn a_confirmation_behind_other_events_still_sells() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    let (other, third) = (world.reserved(&buns(1)).await, world.order());
    // The inbox has seen something newer of this order, which is not its cancellation.
    sqlx::query("INSERT INTO inbox.heads (source, subject, sequence) VALUES ('/order', $1, 9)")
        .bind(order.to_string())
        .execute(world.db())
        .await
        .expect("a head");
    world.hear("order.confirmed.v1", order, 2).await;
    assert_eq!(world.status(order).await, "committed");
    assert_eq!(world.status(other).await, "held");
    world.hear("order.confirmed.v1", third, 2).await;
    let path = format!("/v1/reservations/{third}");
    assert_eq!(world.get(&world.saga(), &path).await.problem().0, 404);
}

#[tokio::test]
async fn a_cancellation_of_an_order_never_seen_fences_it() {
    let world = World::new().await;
    let order = world.order();
    world.hear("order.cancelled.v1", order, 3).await;
    let late = world.reserve(order, &buns(1)).await;
    assert_eq!(late.problem(), (409, "reservation-over".into()));
}

#[tokio::test]
async fn what_changes_no_stock_is_acknowledged() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    world.hear("order.created.v1", order, 1).await;
    let mut unknown = order_event("e-9", "order.created.v1", order, 7);
    unknown["type"] = json!("order.admired.v1");
    let status = world.deliver("/events/order", &unknown).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(world.status(order).await, "held");
    assert_eq!(world.count("inbox.messages").await, 0);
}

#[tokio::test]
async fn an_event_that_can_t_be_read_goes_to_the_dead_letters() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    for (pointer, value) in [
        ("/data/order_id", json!("no id")),
        ("/data", json!(null)),
        ("/sequence", json!("many")),
        ("/id", json!(7)),
    ] {
        let mut poison = order_event("e-1", "order.confirmed.v1", order, 2);
        *poison.pointer_mut(pointer).expect(pointer) = value;
        // Dapr takes a 404 to the dead-letter topic without another try.
        let status = world.deliver("/events/order", &poison).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{pointer}");
    }
    assert_eq!(world.status(order).await, "held");
}

#[tokio::test]
async fn another_service_can_t_pose_as_our_sidecar() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    let confirmed = order_event("e-1", "order.confirmed.v1", order, 2).to_string();
    for path in ["/events/order", "/events/dead"] {
        // Invoked through our sidecar, which says so.
        let invoked = Request::post(path)
            .header("dapr-api-token", APP_TOKEN)
            .header("dapr-caller-app-id", "bff")
            .header(header::CONTENT_TYPE, "application/cloudevents+json")
            .body(confirmed.clone().into());
        let direct = Request::post(path)
            .header(header::CONTENT_TYPE, "application/cloudevents+json")
            .body(confirmed.clone().into());
        for forged in [invoked, direct] {
            let answer = world.send(forged.expect("a request")).await;
            assert_eq!(answer.problem(), (401, "not-our-sidecar".into()));
        }
    }
    assert_eq!(world.status(order).await, "held");
    assert_eq!(world.count("inbox.dead_letters").await, 0);
}
