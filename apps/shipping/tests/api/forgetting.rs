//! Where somebody lives is forgotten: when it is not needed any more, and when she wants it.

use chrono::TimeDelta;
use serde_json::json;
use shipping::{closed_accounts, upkeep};
use uuid::Uuid;

use crate::world::{ADA, BOB, World, address, announcement};

/// Whether anything of the address or of who drove there is left.
async fn is_known(world: &World, order: Uuid) -> bool {
    let row: String = sqlx::query_scalar(
        "SELECT shipments::text || coalesce(string_agg(tracking::text, ''), '') FROM shipments
         LEFT JOIN tracking ON tracking.order_id = shipments.order_id WHERE shipments.order_id = $1
         GROUP BY shipments.order_id, shipments.*",
    )
    .bind(order)
    .fetch_one(world.db())
    .await
    .expect("a row");
    row.contains("Canary") || row.contains("Bruno")
}

async fn delivered(world: &World) -> Uuid {
    let order = world.booked().await;
    for state in ["collected", "delivered"] {
        world
            .carrier
            .tells_that(&order.to_string(), state, "At Canary Row", None);
    }
    world.read_feed().await;
    order
}

#[tokio::test]
async fn what_nobody_confirmed_is_forgotten_after_a_day_and_fails_if_it_is_confirmed_after_all() {
    let world = World::new().await;
    let order = world.announced().await;
    world
        .app
        .clock
        .advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert_eq!(upkeep::once(&world.app).await.expect("upkeep"), 0);
    world.app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(upkeep::once(&world.app).await.expect("upkeep"), 1);
    assert!(!is_known(&world, order).await);
    world.hear("order.confirmed.v1", order, 2).await;
    assert_eq!(world.told(order).await, ["shipment.failed.v1"]);
    world.drive().await;
    assert_eq!(
        world.carrier.calls("book") + world.carrier.calls("call_off"),
        0
    );
    let answer = world.announce(order, &announcement(&address())).await;
    assert_eq!(answer.problem(), (409, "shipment-exists".into()));
}

#[tokio::test]
async fn what_has_ended_is_forgotten_after_a_month_and_what_is_under_way_is_not() {
    let world = World::new().await;
    let (ended, under_way) = (delivered(&world).await, world.booked().await);
    world
        .app
        .clock
        .advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(upkeep::once(&world.app).await.expect("upkeep"), 0);
    assert!(is_known(&world, ended).await);
    world.app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(upkeep::once(&world.app).await.expect("upkeep"), 1);
    assert!(!is_known(&world, ended).await);
    assert!(is_known(&world, under_way).await);
    let path = format!("/v1/shipments/{ended}");
    let view = world.get(&world.customer(ADA), &path).await.body;
    assert_eq!(
        (&view["address"], &view["courier"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(view["tracking"][0]["note"], "");
}

#[tokio::test]
async fn of_a_removed_account_nothing_is_left_but_what_is_being_driven_and_then_nothing() {
    let world = World::new().await;
    let (announced, ended) = (world.announced().await, delivered(&world).await);
    let under_way = world.booked().await;
    let mut hers = announcement(&address());
    hers["customer_id"] = json!(BOB);
    let others = world.order();
    world.announce(others, &hers).await;

    world.remove(ADA).await;
    for (order, known) in [
        (announced, false),
        (ended, false),
        (under_way, true),
        (others, true),
    ] {
        assert_eq!(is_known(&world, order).await, known);
    }
    for state in ["collected", "failed"] {
        world
            .carrier
            .tells_that(&under_way.to_string(), state, "At Canary Row", None);
    }
    world.read_feed().await;
    assert_eq!(world.status(under_way).await, "failed");
    assert!(!is_known(&world, under_way).await);
    world.remove(ADA).await;
    assert!(is_known(&world, others).await);
}

#[tokio::test]
async fn what_is_announced_for_an_account_that_was_just_removed_is_forgotten_as_well() {
    let world = World::new().await;
    world.remove(ADA).await;
    let late = world.announced().await;
    let driven = world.booked().await;
    let mut hers = announcement(&address());
    hers["customer_id"] = json!(BOB);
    let others = world.order();
    world.announce(others, &hers).await;
    assert!(is_known(&world, late).await);

    // As it is for what was announced before: what is driven, at its end.
    assert_eq!(upkeep::once(&world.app).await.expect("upkeep"), 2);
    assert_eq!(upkeep::once(&world.app).await.expect("upkeep"), 0);
    for (order, known) in [(late, false), (driven, true), (others, true)] {
        assert_eq!(is_known(&world, order).await, known);
    }
    world.hear("order.confirmed.v1", late, 2).await;
    assert_eq!(world.status(late).await, "failed");
    for state in ["collected", "delivered"] {
        world
            .carrier
            .tells_that(&driven.to_string(), state, "At Canary Row", None);
    }
    world.read_feed().await;
    assert!(!is_known(&world, driven).await);
}

#[tokio::test]
async fn a_removed_account_is_known_for_longer_than_its_last_token_and_then_forgotten_itself() {
    let world = World::new().await;
    world.remove(ADA).await;
    world.app.clock.advance(closed_accounts::KEPT);
    let late = world.announced().await;
    assert_eq!(upkeep::once(&world.app).await.expect("upkeep"), 1);
    assert!(!is_known(&world, late).await);
    assert_eq!(world.count("closed_accounts").await, 1);
    world.app.clock.advance(TimeDelta::seconds(1));
    upkeep::once(&world.app).await.expect("upkeep");
    assert_eq!(world.count("closed_accounts").await, 0);
}
