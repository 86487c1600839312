//! What lands in the outbox equals the golden samples but for the events' own ids.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use crate::world::{World, address, announcement};

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
    let golden = golden();
    assert_eq!(golden.len(), 6);
    let mut told = story(&["collected", "on_the_way", "delivered"], false).await;
    told.extend(story(&["collected", "failed"], false).await);
    told.extend(story(&[], true).await);
    for (kind, sample) in &golden {
        let mut of_kind = told.iter().filter(|event| event["type"] == kind.as_str());
        let mut event = of_kind
            .next()
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
