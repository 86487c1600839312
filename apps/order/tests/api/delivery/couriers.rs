//! What a courier, or none, means for an order: when it may be made, who hands it over, and what is given back.

use axum::http::StatusCode;
use chrono::TimeDelta;
use order::order::StoreId;
use serde_json::json;

use super::{booked, delivered, dispatched, failed, refusal, refused, shipment};
use crate::world::{STORE, World};

#[tokio::test]
async fn it_is_made_once_a_courier_is_found_and_handed_over_at_the_door() {
    let world = World::new().await;
    let (id, barista) = (world.brought().await, world.barista());
    let early = world.fulfil(&barista, id, 2, "preparation").await;
    assert_eq!(
        refusal(&early),
        refused(409, "courier-awaited", &["/status"])
    );
    world
        .heard(&shipment(id, 2, "tracking.updated.v1", "searching", None))
        .await;
    assert_eq!(
        world
            .fulfil(&barista, id, 2, "preparation")
            .await
            .problem()
            .0,
        "courier-awaited"
    );

    world.heard(&booked(id)).await;
    assert_eq!(world.order(id).await["delivery"]["courier"], "booked");
    // What the order's own state forbids is told as such.
    assert_eq!(
        world.fulfil(&barista, id, 2, "delivered").await.problem().0,
        "illegal-transition"
    );
    world.made(id).await;
    let by_hand = world.fulfil(&barista, id, 4, "delivered").await;
    assert_eq!(
        refusal(&by_hand),
        refused(409, "courier-delivers", &["/status"])
    );

    world.heard(&dispatched(id)).await;
    assert_eq!(world.order(id).await["delivery"]["courier"], "dispatched");
    assert_eq!(
        world.fulfil(&barista, id, 4, "delivered").await.problem().0,
        "courier-delivers"
    );
    world.heard(&delivered(id)).await;
    let order = world.order(id).await;
    assert_eq!(
        (
            &order["checkout"],
            &order["fulfilment"],
            &order["delivery"]["courier"],
            &order["version"]
        ),
        (
            &json!("completed"),
            &json!("delivered"),
            &json!("delivered"),
            &json!(6)
        )
    );
    let actors = world.actors(id).await;
    assert_eq!(
        actors[4..],
        [
            (json!("delivered"), json!("shipping")),
            (json!("completed"), json!("shipping"))
        ]
    );
    let timeline = world
        .get(&world.customer(), &format!("/v1/orders/{id}/timeline"))
        .await;
    let told: Vec<_> = timeline.body["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter(|line| line["source"] == "shipping")
        .map(|line| {
            (
                line["type"].as_str().expect("a type"),
                &line["detail"]["status"],
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("tracking.updated.v1", &json!("searching")),
            ("shipment.created.v1", &json!("booked")),
            ("shipment.dispatched.v1", &json!("dispatched")),
            ("shipment.delivered.v1", &json!("delivered")),
        ]
    );
}

#[tokio::test]
async fn without_a_courier_money_and_stock_go_back() {
    let world = World::new().await;
    let id = world.brought().await;
    for _ in 0..3 {
        world.heard(&failed(id, 4, "no_courier")).await;
    }
    let order = world
        .until(id, |order| order["checkout"] == "cancelled")
        .await;
    assert_eq!(
        (
            &order["reason"],
            &order["payment"]["status"],
            &order["delivery"]["courier"]
        ),
        (&json!("no_courier"), &json!("refunded"), &json!("failed"))
    );
    assert_eq!(
        world.shop.called(),
        [
            "announce",
            "reserve",
            "authorise",
            "capture",
            "refund",
            "release"
        ]
    );
    assert_eq!(
        world.actors(id).await[2],
        (json!("pending"), json!("shipping"))
    );
}

#[tokio::test]
async fn what_came_back_to_the_shop_is_fetched_there() {
    let world = World::new().await;
    let id = world.brought().await;
    world.heard(&booked(id)).await;
    world.made(id).await;
    world.heard(&dispatched(id)).await;
    world.heard(&failed(id, 7, "undeliverable")).await;
    let order = world.order(id).await;
    assert_eq!(
        (
            &order["checkout"],
            &order["fulfilment"],
            &order["delivery"]["courier"]
        ),
        (&json!("confirmed"), &json!("ready"), &json!("failed"))
    );
    let fetched = world.fulfil(&world.barista(), id, 4, "delivered").await;
    assert_eq!(
        (fetched.status, &fetched.body["checkout"]),
        (StatusCode::OK, &json!("completed"))
    );
    // Nor does it matter if somebody says afterwards that it was brought.
    world
        .heard(&shipment(id, 8, "shipment.delivered.v1", "delivered", None))
        .await;
    assert_eq!(world.order(id).await["version"], 6);
}

#[tokio::test]
async fn it_may_be_called_off_until_it_is_made_courier_or_not() {
    let world = World::new().await;
    for with_courier in [false, true] {
        let id = world.brought().await;
        if with_courier {
            world.heard(&booked(id)).await;
        }
        let path = format!("/v1/orders/{id}/cancellation");
        let answer = world.post(&world.customer(), &path, &json!({})).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        let order = world
            .until(id, |order| order["checkout"] == "cancelled")
            .await;
        assert_eq!(
            (&order["reason"], &order["payment"]["status"]),
            (&json!("by_customer"), &json!("refunded"))
        );
        // What shipping makes of it changes nothing any more.
        for event in [
            shipment(id, 8, "shipment.cancelled.v1", "cancelled", None),
            failed(id, 9, "no_courier"),
        ] {
            world.heard(&event).await;
        }
        assert_eq!(world.order(id).await["version"], order["version"]);
    }
}

#[tokio::test]
async fn a_missing_courier_and_a_change_of_mind_at_once_undo_it_once() {
    let world = World::new().await;
    world.warm().await;
    for _ in 0..5 {
        let id = world.brought().await;
        let path = format!("/v1/orders/{id}/cancellation");
        let (customer, event, nothing) = (world.customer(), failed(id, 4, "no_courier"), json!({}));
        let (heard, cancelled) =
            tokio::join!(world.hears(&event), world.post(&customer, &path, &nothing));
        assert_eq!(
            (heard, cancelled.status),
            (StatusCode::NO_CONTENT, StatusCode::ACCEPTED)
        );
        world
            .until(id, |order| order["checkout"] == "cancelled")
            .await;
    }
    let refunds = world
        .shop
        .called()
        .into_iter()
        .filter(|call| *call == "refund");
    assert_eq!(refunds.count(), 5);
}

#[tokio::test]
async fn waiting_for_a_courier_teaches_nothing_about_waiting_at_the_counter() {
    let world = World::new().await;
    let id = world.brought().await;
    world.app.clock.advance(TimeDelta::minutes(40));
    world.heard(&booked(id)).await;
    world.made(id).await;
    let wait = world
        .app
        .waits
        .of(world.db(), StoreId(STORE), world.app.clock.now())
        .await;
    assert_eq!(wait.expect("a wait"), TimeDelta::minutes(5));
}
