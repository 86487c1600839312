//! What lands in the outbox equals the golden samples but for the events' own ids.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{BUN, BUN_PIECE, FLAT_WHITE, STORE, WHOLE_MILK, World, line};

const ORDER: Uuid = Uuid::from_u128(0x0190_a1b2_0000_7000_8000_0000_0000_002a);

/// The golden samples, by event type.
fn golden() -> BTreeMap<String, Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/events");
    let mut samples = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the golden samples") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a sample");
        let sample: Value = serde_json::from_str(&text).expect("a golden sample is JSON");
        let kind = sample["type"].as_str().expect("a type").to_owned();
        let name = path.file_stem().and_then(|name| name.to_str());
        assert_eq!(
            name,
            Some(kind.as_str()),
            "a sample is named after its type"
        );
        samples.insert(kind, sample);
    }
    samples
}

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

    let golden = golden();
    assert_eq!(golden.len(), 6);
    let told = world.told("").await.split_off(before);
    for (kind, sample) in &golden {
        let mut told = told.iter().filter(|event| event["type"] == kind.as_str());
        let subject = |event: &&Value| event["subject"] == sample["subject"];
        let mut event = told
            .find(subject)
            .unwrap_or_else(|| panic!("{kind} was not told"))
            .clone();
        let id = event["id"].as_str().and_then(|id| Uuid::try_parse(id).ok());
        assert_eq!(id.map(|id| id.get_version_num()), Some(7));
        event["id"] = sample["id"].clone();
        assert_eq!(&event, sample, "{kind}");
    }
    for event in &told {
        let kind = event["type"].as_str().expect("a type");
        assert!(golden.contains_key(kind), "{kind} has no golden sample");
    }
}
