//! What lands in the outbox equals the golden samples but for the events' own ids.

use serde_json::Value;
use testkit::events;
use uuid::Uuid;

use crate::world::{World, address, announcement};

const ORDER: Uuid = Uuid::from_u128(0x0190_a1b2_0000_7000_8000_0000_0000_002a);

/// All that a world tells of the sample's order that goes through these steps.
async fn story(states: &[&str], withdrawn: bool) -> Vec<Value> {
    let world = World::new().await;
    let answer = world.announce(ORDER, &announcement(&address())).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    world.hear("order.confirmed.v1", ORDER, 2).await;
    world.drive().await;
    for state in states {
        world.carrier.tells(&ORDER.to_string(), state);
    }
    world.read_feed().await;
    if withdrawn {
        world.hear("order.cancelled.v1", ORDER, 3).await;
    }
    world.published().await
}

#[tokio::test]
async fn every_event_is_its_golden_sample() {
    let mut told = story(&["collected", "on_the_way", "delivered"], false).await;
    told.extend(story(&["collected", "failed"], false).await);
    told.extend(story(&[], true).await);
    events::are_golden(env!("CARGO_MANIFEST_DIR"), &told);
}
