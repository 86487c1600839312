//! What lands in the outbox equals the golden samples but for the events' own ids.

use serde_json::json;
use testkit::events;
use uuid::Uuid;

use crate::world::{BUN, BUN_PIECE, FLAT_WHITE, STORE, WHOLE_MILK, World, line};

const ORDER: Uuid = Uuid::from_u128(0x0190_a1b2_0000_7000_8000_0000_0000_002a);

#[tokio::test]
async fn every_event_is_its_golden_sample() {
    let world = World::with(100, 1_000, 4).await;
    let path = format!("/v1/stores/{STORE}/stock/{BUN}/threshold");
    world
        .put(&world.manager(), &path, &json!({"threshold": 2}))
        .await;
    world.sweep().await;
    let before = world.told("").await.len();
    let lines = json!([line(FLAT_WHITE, 2, &[WHOLE_MILK]), line(BUN_PIECE, 4, &[])]);
    world.reserve(ORDER, &lines).await;
    world.sweep().await;
    world.hear("order.confirmed.v1", ORDER, 2).await;
    world.release(ORDER).await;

    let told = world.told("").await.split_off(before);
    events::are_golden(env!("CARGO_MANIFEST_DIR"), &told);
}
