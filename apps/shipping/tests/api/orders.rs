//! What the order service's events do, delivered once, often, late, out of order, or by somebody else.

use axum::http::{Request, header};
use serde_json::json;
use testkit::APP_TOKEN;

use crate::carrier::Mood;
use crate::world::{World, order_event};

#[tokio::test]
async fn an_order_that_was_never_announced_is_fetched_by_its_customer() {
    let world = World::new().await;
    let order = world.order();
    for (kind, sequence) in [
        ("order.confirmed.v1", 2),
        ("ready", 4),
        ("order.cancelled.v1", 5),
    ] {
        world.hear(kind, order, sequence).await;
    }
    world.drive().await;
    assert_eq!(
        (world.count("shipments").await, world.carrier.calls("book")),
        (0, 0)
    );
}

#[tokio::test]
async fn an_order_that_is_fetched_costs_no_transaction() {
    let world = World::new().await;
    let order = world.announced().await;
    let mut confirmed = order_event("e-1", "order.confirmed.v1", order, 2);
    confirmed["data"]["delivery"] = json!(null);
    assert_eq!(world.deliver_orders(&[confirmed]).await, ["SUCCESS"]);
    assert_eq!(world.count("inbox.messages").await, 0);
    assert_eq!(world.shipment(order).await.version, 1);
}

#[tokio::test]
async fn deliveries_repeated_and_at_once_have_one_effect() {
    let world = World::new().await;
    let order = world.announced().await;
    let confirmed = order_event("e-1", "order.confirmed.v1", order, 2);
    let twice = [confirmed.clone(), confirmed];
    let all = (0..12).map(|_| world.deliver_orders(&twice));
    for statuses in futures::future::join_all(all).await {
        assert_eq!(statuses, ["SUCCESS"; 2]);
    }
    assert_eq!(world.shipment(order).await.version, 2);
    assert_eq!(world.count("inbox.messages").await, 1);
    // Nor does the same word in another event.
    world.hear("order.confirmed.v1", order, 2).await;
    assert_eq!(world.shipment(order).await.version, 2);
}

#[tokio::test]
async fn a_confirmation_behind_the_cancellation_books_nobody() {
    let world = World::new().await;
    for kind in ["order.cancelled.v1", "order.recalled.v1"] {
        let order = world.announced().await;
        world.hear(kind, order, 5).await;
        world.hear("order.confirmed.v1", order, 2).await;
        world.drive().await;
        assert_eq!(world.status(order).await, "cancelled", "{kind}");
        assert!(world.told(order).await.is_empty(), "nobody had heard of it");
        assert!(!world.carrier.drives_for(order));
    }
    assert_eq!(
        world.carrier.calls("book") + world.carrier.calls("call_off"),
        0
    );
}

#[tokio::test]
async fn ready_behind_before_or_between_calls_the_courier_in_once() {
    let world = World::new().await;
    let order = world.announced().await;
    world.hear("ready", order, 4).await;
    world.drive().await;
    assert_eq!(world.status(order).await, "announced");
    world.hear("order.confirmed.v1", order, 2).await;
    for _ in 0..3 {
        world.drive().await;
    }
    assert!(world.carrier.is_called_in(order));
    world.hear("ready", order, 4).await;
    world.drive().await;
    assert_eq!(world.carrier.calls("call_in"), 1);
}

#[tokio::test]
async fn withdrawing_calls_off_whoever_may_be_on_the_way_and_tells_it_if_he_was_told_of() {
    let world = World::new().await;
    let (searching, booked) = (world.searching().await, world.booked().await);
    assert_eq!(world.status(searching).await, "booked");
    world.carrier.will("book", &[Mood::Refuses("no_courier")]);
    let searching = world.searching().await;
    world.drive().await;
    for order in [searching, booked] {
        world.hear("order.recalled.v1", order, 3).await;
        world.hear("order.cancelled.v1", order, 4).await;
        world.drive().await;
        assert_eq!(world.status(order).await, "cancelled");
        assert!(world.carrier.is_called_off(order));
    }
    assert!(world.told(searching).await.is_empty());
    assert_eq!(
        world.told(booked).await,
        ["shipment.created.v1", "shipment.cancelled.v1"]
    );
    assert_eq!(world.carrier.calls("call_off"), 2);
}

#[tokio::test]
async fn a_booking_that_succeeds_after_the_cancellation_is_called_off() {
    let world = World::new().await;
    let order = world.searching().await;
    world.carrier.will("book", &[Mood::Waits]);
    let meanwhile = async {
        world.carrier.executed().await;
        world.hear("order.cancelled.v1", order, 3).await;
        // Another process calls off before we know that there is somebody.
        world.drive().await;
        assert!(world.carrier.is_called_off(order));
        // And the carrier has lost that: its answer to us says that somebody drives.
        world.carrier.forget_calling_off(order);
        world.carrier.answer();
    };
    tokio::join!(world.drive(), meanwhile);
    assert!(world.carrier.drives_for(order));
    world.drive().await;
    assert!(!world.carrier.drives_for(order));
    assert_eq!(world.status(order).await, "cancelled");
    assert!(world.told(order).await.is_empty());
}

#[tokio::test]
async fn what_has_left_the_shop_is_not_called_back() {
    let world = World::new().await;
    let order = world.booked().await;
    world.carrier.tells(&order.to_string(), "collected");
    world.read_feed().await;
    world.hear("order.cancelled.v1", order, 6).await;
    world.drive().await;
    assert_eq!(world.status(order).await, "dispatched");
    assert_eq!(world.carrier.calls("call_off"), 0);
}

#[tokio::test]
async fn what_asks_nothing_is_acknowledged_and_what_can_t_be_read_goes_to_the_dead_letters() {
    let world = World::new().await;
    let order = world.announced().await;
    world.hear("order.created.v1", order, 1).await;
    let mut unknown = order_event("e-9", "order.created.v1", order, 7);
    unknown["type"] = json!("order.admired.v1");
    assert_eq!(world.deliver_orders(&[unknown]).await, ["SUCCESS"]);
    assert_eq!(world.count("inbox.messages").await, 0);
    for (pointer, value) in [
        ("/data/order_id", json!("no id")),
        ("/data", json!(null)),
        ("/sequence", json!("many")),
    ] {
        let mut poison = order_event("e-1", "order.confirmed.v1", order, 2);
        *poison.pointer_mut(pointer).expect(pointer) = value;
        // What comes behind it is not held up.
        let next = world.announced().await;
        let confirmed = order_event(&format!("after {pointer}"), "order.confirmed.v1", next, 2);
        let statuses = world.deliver_orders(&[poison, confirmed]).await;
        assert_eq!(statuses, ["SUCCESS"; 2], "{pointer}");
        assert_eq!(world.status(next).await, "searching");
    }
    assert_eq!(world.status(order).await, "announced");
    // One and the same event, three times spoilt.
    let letters = world.get(&world.operator(), "/v1/dead-letters").await.body;
    assert_eq!(letters["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(letters["items"][0]["topic"], "order-events.shipping.dead");
}

#[tokio::test]
async fn another_service_can_t_pose_as_our_sidecar() {
    let world = World::new().await;
    let order = world.announced().await;
    let confirmed = order_event("e-1", "order.confirmed.v1", order, 2).to_string();
    for path in ["/events/order", "/events/account", "/events/dead"] {
        let invoked = Request::post(path)
            .header("dapr-api-token", APP_TOKEN)
            .header("dapr-caller-app-id", "bff")
            .header(header::CONTENT_TYPE, "application/cloudevents+json")
            .body(confirmed.clone().into());
        let answer = world.send(invoked.expect("a request")).await;
        assert_eq!(answer.problem(), (401, "not-our-sidecar".into()));
    }
    assert_eq!(world.status(order).await, "announced");
}
