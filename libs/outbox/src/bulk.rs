//! Deliveries in bulk: what the sidecar collected of one topic, taken in as few transactions as can be.
//!
//! Invariant: an entry is acknowledged only after the commit of its effect, or of its dead letter. Where one has to wait,
//! so do all behind it, because they may be about the same subject.
//!
//! A letter is kept by the service itself. Told to drop an entry, daprd (1.18.2) tries its dead-letter topic once, and
//! acknowledges the entry whether that worked or not.

use std::panic::AssertUnwindSafe;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use dapr_kit::CloudEvent;
use futures::FutureExt as _;
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::database;
use service::delivery::{self, NotTaken};
use service::extract;
use service::openapi::Document;
use service::problem::Problem;
use service::routes::Upload;

use crate::{Consumer, dead};

/// What a row that hears in bulk reads. A broker's message has a mebibyte at most, and a subscription asks for 50 at once
/// (`dapr/subscriptions`): a batch that is too large would be delivered for ever.
pub const BATCHES: Upload = Upload {
    kinds: &["application/json"],
    most: 64 * 1024 * 1024,
};

/// A delivery.
#[derive(Debug, Deserialize)]
struct Batch {
    /// Where its entries were published.
    topic: String,
    /// In the order of their partition.
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    /// Unique within the delivery.
    entry_id: String,
    /// As it was published.
    event: Value,
}

impl Entry {
    /// The event, if it is of whose topic it came on: only who publishes there is kept from publishing elsewhere.
    fn read(&self, topic: &str) -> Result<CloudEvent<Value>, NotTaken> {
        let event: CloudEvent<Value> = CloudEvent::deserialize(&self.event)?;
        let owner = topic.strip_suffix("-events");
        if owner.is_some() && event.source.strip_prefix('/') == owner {
            return Ok(event);
        }
        let source = event.source;
        Err(NotTaken::Unusable(format!(
            "`{source}` does not publish on {topic}"
        )))
    }
}

/// What becomes of each entry of a delivery.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Statuses {
    statuses: Vec<EntryStatus>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct EntryStatus {
    entry_id: String,
    status: Status,
}

/// What the sidecar does with an entry.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    /// It never comes again.
    Success,
    /// It comes again.
    Retry,
}

/// A row that takes all of a delivery in one transaction. If anything is wrong with that, each entry has its own, so that
/// one that can't be handled takes no other with it.
pub async fn together<C: Consumer>(
    State(consumer): State<C>,
    body: Bytes,
) -> Result<Json<Statuses>, Problem> {
    let batch: Batch = extract::parse(&body)?;
    let whole = AssertUnwindSafe(take_all(&consumer, &batch)).catch_unwind();
    if let Ok(Ok(())) = whole.await {
        consumer.taken();
        return Ok(batch.settled(usize::MAX));
    }
    let settled = one_by_one(&consumer, &batch, |event| alone(&consumer, event)).await;
    consumer.taken();
    Ok(batch.settled(settled))
}

/// Has `deliver` take each entry of a delivery, one after the other.
pub async fn each<C: Consumer, F>(
    consumer: &C,
    body: &Bytes,
    deliver: impl Fn(CloudEvent<Value>) -> F,
) -> Result<Json<Statuses>, Problem>
where
    F: Future<Output = Result<(), NotTaken>>,
{
    let batch: Batch = extract::parse(body)?;
    let settled = one_by_one(consumer, &batch, deliver).await;
    Ok(batch.settled(settled))
}

async fn take_all<C: Consumer>(consumer: &C, batch: &Batch) -> Result<(), NotTaken> {
    let mut transaction = database::begin(consumer.db()).await?;
    for entry in &batch.entries {
        consumer
            .take(&mut transaction, entry.read(&batch.topic)?)
            .await?;
    }
    Ok(transaction.commit().await?)
}

async fn alone<C: Consumer>(consumer: &C, event: CloudEvent<Value>) -> Result<(), NotTaken> {
    let mut transaction = database::begin(consumer.db()).await?;
    consumer.take(&mut transaction, event).await?;
    Ok(transaction.commit().await?)
}

/// How many entries, from the first, were taken or given up.
async fn one_by_one<C: Consumer, F>(
    consumer: &C,
    batch: &Batch,
    deliver: impl Fn(CloudEvent<Value>) -> F,
) -> usize
where
    F: Future<Output = Result<(), NotTaken>>,
{
    for (before, entry) in batch.entries.iter().enumerate() {
        let told = delivery::answer(async { deliver(entry.read(&batch.topic)?).await }).await;
        let settled = match told {
            StatusCode::NO_CONTENT => true,
            StatusCode::NOT_FOUND => give_up(consumer, &batch.topic, &entry.event).await,
            _ => false,
        };
        if !settled {
            return before;
        }
    }
    batch.entries.len()
}

/// Whether the letter is kept.
async fn give_up<C: Consumer>(consumer: &C, topic: &str, event: &Value) -> bool {
    let topic = format!("{topic}.{}.dead", C::APP);
    let now = consumer.clock().now();
    let kept = async {
        let mut connection = consumer.db().acquire().await?;
        dead::keep(&mut connection, &topic, event, now).await
    };
    match kept.await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, topic, "a dead letter could not be kept yet");
            false
        }
    }
}

impl Batch {
    /// The answer when the first `settled` entries are.
    fn settled(self, settled: usize) -> Json<Statuses> {
        let entries = self.entries.into_iter().enumerate();
        let statuses = entries.map(|(n, entry)| EntryStatus {
            entry_id: entry.entry_id,
            status: if n < settled {
                Status::Success
            } else {
                Status::Retry
            },
        });
        Json(Statuses {
            statuses: statuses.collect(),
        })
    }
}

/// Says in a service's document what a row that hears in bulk answers.
pub fn describe(it: &mut Document, path: &'static str, id: &str, summary: &str) {
    it.row(Method::POST, path, id, summary)
        .json::<Statuses>(200, "What was taken, and what is to be delivered again.");
}
