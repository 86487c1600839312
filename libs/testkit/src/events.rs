//! What a service tells, as it is published, and the golden samples beside its code.
//!
//! Invariant: a sample is named after its type, and what is told of a type without one is found out.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use outbox::Event;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

/// The trace of what the samples tell of.
const CAUSE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The golden samples of the app in `folder`, by type.
///
/// # Panics
/// If one is no JSON, or of another type than its name says.
#[must_use]
pub fn golden(folder: &str) -> BTreeMap<String, Value> {
    let files = Path::new(folder).join("events").read_dir();
    let samples = files.expect("the golden samples").map(|file| {
        let path = file.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a sample");
        let sample: Value = serde_json::from_str(&text).expect("a golden sample is JSON");
        let kind = sample["type"].as_str().expect("a type").to_owned();
        let name = path.file_stem().and_then(|name| name.to_str());
        assert_eq!(name, Some(&*kind), "a sample is named after its type");
        (kind, sample)
    });
    samples.collect()
}

/// A row of the outbox.
type Row = (Uuid, String, String, String, i64, DateTime<Utc>, Value);

/// All that waits in the outbox, in its order, as it would be published if its cause were that of the samples.
///
/// # Panics
/// If the outbox can't be read.
pub async fn published(db: &PgPool) -> Vec<Value> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, source, type, subject, sequence, time, data FROM outbox.events ORDER BY position",
    )
    .fetch_all(db)
    .await
    .expect("the outbox");
    let events = rows.into_iter();
    let events = events.map(|(id, source, kind, subject, sequence, time, data)| {
        let event = Event {
            id,
            source,
            kind,
            subject,
            sequence,
            time,
            data,
        };
        serde_json::to_value(event.cloud_event(Some(CAUSE))).expect("JSON")
    });
    events.collect()
}

/// The types of these events.
///
/// # Panics
/// If one has none.
#[must_use]
pub fn kinds<'a>(events: impl IntoIterator<Item = &'a Value>) -> Vec<&'a str> {
    let events = events.into_iter();
    let kinds = events.map(|event| event["type"].as_str().expect("a type"));
    kinds.collect()
}

/// Holds that each sample of the app in `folder` is the first event of its type about its subject in `told`, but for that
/// event's own id, and that whatever was told has a sample.
///
/// # Panics
/// If it is not so.
pub fn are_golden(folder: &str, told: &[Value]) {
    let golden = golden(folder);
    for (kind, sample) in &golden {
        let same = |event: &&Value| {
            event["type"] == kind.as_str() && event["subject"] == sample["subject"]
        };
        let event = told.iter().find(same);
        let mut event = event
            .unwrap_or_else(|| panic!("{kind} was not told"))
            .clone();
        let id = event["id"].as_str().and_then(|id| Uuid::try_parse(id).ok());
        assert_eq!(id.map(|id| id.get_version_num()), Some(7));
        event["id"] = sample["id"].clone();
        assert_eq!(&event, sample, "{kind}");
    }
    for kind in kinds(told) {
        assert!(golden.contains_key(kind), "{kind} has no golden sample");
    }
}

/// The event with the sample's ids and times, wherever it has any of `pointers`, in place of its own, which have the same
/// form: so that everything else must be equal.
///
/// # Panics
/// If the event has none there, or one of another form.
#[must_use]
pub fn like(sample: &Value, event: &Value, pointers: &[&str]) -> Value {
    let mut event = event.clone();
    for pointer in pointers {
        let Some(golden) = sample.pointer(pointer) else {
            continue;
        };
        let own = event.pointer_mut(pointer).expect(pointer);
        assert_eq!(form(own), form(golden), "{pointer}");
        *own = golden.clone();
    }
    event
}

/// A text with every digit, and every letter of a hexadecimal number, as one character: the form of ids and times.
fn form(text: &Value) -> String {
    let text = text.as_str().expect("a text").chars();
    text.map(|char| if char.is_ascii_hexdigit() { '0' } else { char })
        .collect()
}
