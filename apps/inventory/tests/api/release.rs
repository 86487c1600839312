//! Reserve, release and commit, repeated and in every order.

use axum::http::StatusCode;
use serde_json::json;

use crate::ledger::Counters;
use crate::world::{BUN, World, buns};

#[tokio::test]
async fn what_was_held_is_available_again_once() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    for _ in 0..3 {
        let answer = world.release(order).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(
            answer.body,
            json!({"order_id": order, "status": "released"})
        );
        assert_eq!(world.stock(BUN).await, (1_000, 0));
    }
    assert_eq!(world.told("inventory.released.v1").await.len(), 1);
    world.assert_nothing_lost().await;
}

#[tokio::test]
async fn after_a_release_the_order_gets_nothing() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    world.release(order).await;
    for quantity in [2, 3] {
        let late = world.reserve(order, &buns(quantity)).await;
        assert_eq!(late.problem(), (409, "reservation-over".into()));
    }
    assert_eq!(world.stock(BUN).await, (1_000, 0));
}

#[tokio::test]
async fn a_release_that_comes_first_fences_the_reserve() {
    let world = World::new().await;
    let order = world.order();
    for _ in 0..2 {
        let answer = world.release(order).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(
            answer.body,
            json!({"order_id": order, "status": "released"})
        );
    }
    assert_eq!(world.status(order).await, "released");
    let late = world.reserve(order, &buns(2)).await;
    assert_eq!(late.problem(), (409, "reservation-over".into()));
    world.hear("order.confirmed.v1", order, 2).await;
    world.hear("order.cancelled.v1", order, 3).await;
    assert_eq!(world.status(order).await, "released");
    assert_eq!(world.stock(BUN).await, (1_000, 0));
    assert_eq!(world.count("movements").await, 6);
    // There is nothing to tell of what never held anything.
    assert_eq!(world.told("").await.len(), 0);
}

#[tokio::test]
async fn a_commit_sells_once_and_a_release_restocks_once() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    world.hear("order.confirmed.v1", order, 2).await;
    world.hear("order.confirmed.v1", order, 2).await;
    assert_eq!(world.status(order).await, "committed");
    let sold = Counters {
        initial: 1_000,
        available: 998,
        sold: 2,
        ..Counters::default()
    };
    assert_eq!(world.counters(BUN).await, sold);
    let again = world.reserve(order, &buns(2)).await;
    assert_eq!(
        (again.status, &again.body["status"]),
        (StatusCode::OK, &json!("committed"))
    );
    assert_eq!(world.counters(BUN).await, sold);

    world.hear("order.cancelled.v1", order, 4).await;
    world.release(order).await;
    world.hear("order.cancelled.v1", order, 4).await;
    let restocked = Counters {
        available: 1_000,
        restocked: 2,
        ..sold
    };
    assert_eq!(world.counters(BUN).await, restocked);
    world.hear("order.confirmed.v1", order, 2).await;
    assert_eq!(world.counters(BUN).await, restocked);
    assert_eq!(world.status(order).await, "released");
    world.assert_nothing_lost().await;
}

#[tokio::test]
async fn a_commit_after_a_release_is_ignored() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    world.release(order).await;
    world.hear("order.confirmed.v1", order, 2).await;
    assert_eq!(world.status(order).await, "released");
    assert_eq!(world.stock(BUN).await, (1_000, 0));
    assert_eq!(world.counters(BUN).await.sold, 0);
    assert_eq!(world.told("inventory.committed.v1").await.len(), 0);
}

#[tokio::test]
async fn a_reservations_events_are_numbered_without_gaps() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    world.hear("order.confirmed.v1", order, 2).await;
    world.release(order).await;
    let told: Vec<_> = world
        .told("")
        .await
        .iter()
        .map(|event| {
            (
                event["type"].clone(),
                event["sequence"].clone(),
                event["data"]["status"].clone(),
            )
        })
        .collect();
    let expected = [
        ("inventory.reserved.v1", "1", "held"),
        ("inventory.committed.v1", "2", "committed"),
        ("inventory.released.v1", "3", "released"),
    ];
    assert_eq!(
        told,
        expected.map(|(kind, sequence, status)| (json!(kind), json!(sequence), json!(status)))
    );
}
