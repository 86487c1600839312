//! Holds that take too long, and what may still happen to their orders.

use chrono::TimeDelta;
use inventory::ops::expire::expire;
use serde_json::json;

use crate::ledger::Counters;
use crate::world::{BUN, World, buns};

async fn expired(world: &World, quantity: i64) -> uuid::Uuid {
    let order = world.reserved(&buns(quantity)).await;
    world.app.clock.advance(TimeDelta::minutes(15));
    assert_eq!(expire(&world.app).await.expect("upkeep"), 1);
    order
}

#[tokio::test]
async fn a_hold_ends_after_a_quarter_of_an_hour_and_not_before() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    let limit = TimeDelta::minutes(15);
    world.app.clock.advance(limit - TimeDelta::milliseconds(1));
    assert_eq!(expire(&world.app).await.expect("upkeep"), 0);
    assert_eq!(world.status(order).await, "held");
    world.app.clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(expire(&world.app).await.expect("upkeep"), 1);
    assert_eq!(world.status(order).await, "expired");
    assert_eq!(world.stock(BUN).await, (1_000, 0));
    assert_eq!(expire(&world.app).await.expect("upkeep"), 0);
    let told = world.told("inventory.released.v1").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["status"], "expired");
    world.assert_nothing_lost().await;
}

#[tokio::test]
async fn what_is_sold_or_released_does_not_expire() {
    let world = World::new().await;
    let sold = world.reserved(&buns(1)).await;
    world.hear("order.confirmed.v1", sold, 2).await;
    let released = world.reserved(&buns(1)).await;
    world.release(released).await;
    world.app.clock.advance(TimeDelta::hours(1));
    assert_eq!(expire(&world.app).await.expect("upkeep"), 0);
    assert_eq!(world.status(sold).await, "committed");
    assert_eq!(world.status(released).await, "released");
}

#[tokio::test]
async fn of_two_upkeeps_at_once_each_hold_ends_once() {
    let world = World::new().await;
    for _ in 0..20 {
        world.reserved(&buns(1)).await;
    }
    world.app.clock.advance(TimeDelta::hours(1));
    let (one, two) = tokio::join!(expire(&world.app), expire(&world.app));
    assert_eq!(one.expect("upkeep") + two.expect("upkeep"), 20);
    assert_eq!(world.stock(BUN).await, (1_000, 0));
    world.assert_nothing_lost().await;
}

#[tokio::test]
async fn an_expired_order_can_still_be_confirmed() {
    let world = World::new().await;
    let order = expired(&world, 2).await;
    let late = world.reserve(order, &buns(2)).await;
    assert_eq!(late.problem(), (409, "reservation-over".into()));
    world.hear("order.confirmed.v1", order, 2).await;
    world.hear("order.confirmed.v1", order, 2).await;
    assert_eq!(world.status(order).await, "committed");
    let expected = Counters {
        initial: 1_000,
        available: 998,
        sold: 2,
        ..Counters::default()
    };
    assert_eq!(world.counters(BUN).await, expected);
    world.assert_nothing_lost().await;
}

#[tokio::test]
async fn what_is_missing_then_is_booked_as_adjusted() {
    let world = World::with(0, 0, 5).await;
    let order = expired(&world, 4).await;
    world.reserved(&buns(3)).await;
    world.hear("order.confirmed.v1", order, 2).await;
    let expected = Counters {
        initial: 5,
        adjusted: 2,
        available: 0,
        reserved: 3,
        sold: 4,
        ..Counters::default()
    };
    assert_eq!(world.counters(BUN).await, expected);
    let noted: (String, i64) =
        sqlx::query_as("SELECT reason, quantity FROM movements WHERE kind = 'adjustment'")
            .fetch_one(world.db())
            .await
            .expect("one adjustment");
    assert_eq!(noted, ("sold after expiry".to_owned(), 2));
    world.assert_nothing_lost().await;
}

#[tokio::test]
async fn an_expired_order_can_still_be_released_and_is_then_over() {
    let world = World::new().await;
    let order = expired(&world, 2).await;
    let answer = world.release(order).await;
    assert_eq!(
        answer.body,
        json!({"order_id": order, "status": "released"})
    );
    world.hear("order.confirmed.v1", order, 2).await;
    assert_eq!(world.status(order).await, "released");
    assert_eq!(world.stock(BUN).await, (1_000, 0));
    assert_eq!(world.counters(BUN).await.sold, 0);
}
