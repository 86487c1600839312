//! What no longer counts is forgotten, and nothing before.

use chrono::TimeDelta;

use crate::world::World;

#[tokio::test]
async fn a_key_counts_for_a_day_and_a_message_for_a_month() {
    let world = World::new().await;
    let order = world.captured().await;
    assert_eq!(world.refund(order, "k", 10).await.status, 201);
    world
        .webhook("newest", &world.message("ev_1", "refund.succeeded", order))
        .await;
    world.app.clock.advance(TimeDelta::hours(23));
    assert_eq!(payment::upkeep::forget(&world.app).await.expect("rows"), 0);
    assert_eq!(world.refund(order, "k", 11).await.problem().0, 422);
    world.app.clock.advance(TimeDelta::hours(2));
    assert_eq!(
        world.refund(order, "k", 11).await.status,
        201,
        "the key is free again"
    );
    world.app.clock.advance(TimeDelta::hours(25));
    assert_eq!(payment::upkeep::forget(&world.app).await.expect("rows"), 1);
    world.app.clock.advance(TimeDelta::days(30));
    assert_eq!(payment::upkeep::forget(&world.app).await.expect("rows"), 1);
}
