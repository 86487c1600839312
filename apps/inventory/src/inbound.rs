//! Events of the order service, as far as stock depends on them.
//!
//! Invariant: an event's effect and its admission to the inbox are one transaction, so each is taken once. A late one is
//! taken like any other: a reservation's status says whether it still means anything.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use dapr_kit::{CloudEvent, trace};
use outbox::dead;
use outbox::{Admission, Incoming, admit};
use serde::Deserialize;
use serde_json::Value;
use service::delivery::not_taken;
use service::failpoint;
use service::problem::Problem;
use sqlx::PgConnection;
use tracing::Instrument as _;

use crate::config::DEAD_LETTERS;
use crate::error::Error;
use crate::ops::commit::commit;
use crate::ops::release::release;
use crate::reservation::OrderId;
use crate::state::App;

/// What we read of every event on `order-events`.
#[derive(Debug, Deserialize)]
pub struct OrderEvent {
    /// The order.
    pub order_id: OrderId,
}

/// What an event asks of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Commit,
    Release,
}

impl Wish {
    fn of(kind: &str) -> Option<Self> {
        match kind {
            "order.confirmed.v1" => Some(Self::Commit),
            "order.cancelled.v1" => Some(Self::Release),
            _ => None,
        }
    }
}

/// `POST /events/order`: a delivery of our sidecar. Whatever changes no stock is acknowledged.
pub async fn order(
    State(app): State<App>,
    event: CloudEvent<OrderEvent>,
) -> Result<StatusCode, StatusCode> {
    let span = tracing::info_span!(
        target: "crema",
        "consume",
        otel.name = "consume order-events",
        otel.kind = "consumer",
    );
    // The trace of the request that caused the event, not of its delivery.
    if let Some(parent) = &event.trace_parent {
        trace::continue_from(&span, parent);
    }
    deliver(&app, &event)
        .instrument(span)
        .await
        .map_err(not_taken)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn deliver(app: &App, event: &CloudEvent<OrderEvent>) -> Result<(), Error> {
    let Some(wish) = Wish::of(&event.kind) else {
        return Ok(());
    };
    let (before, after) = match wish {
        Wish::Commit => (
            "inventory.commit.before_commit",
            "inventory.commit.after_commit",
        ),
        Wish::Release => (
            "inventory.release.before_commit",
            "inventory.release.after_commit",
        ),
    };
    let mut transaction = app.db.begin().await?;
    take(app, &mut transaction, event).await?;
    failpoint::reach(before);
    transaction.commit().await?;
    failpoint::reach(after);
    app.outbox.wake();
    Ok(())
}

/// Does in the caller's transaction what the event asks for, unless it was done before.
pub async fn take(
    app: &App,
    connection: &mut PgConnection,
    event: &CloudEvent<OrderEvent>,
) -> Result<(), Error> {
    let Some(wish) = Wish::of(&event.kind) else {
        return Ok(());
    };
    let admission = admit(connection, &Incoming::from(event)).await?;
    tracing::info!(
        event.id = event.id,
        event.kind = event.kind,
        order.id = %event.data.order_id.0,
        ?admission,
        "an event was consumed"
    );
    // The actor of what follows is the service whose word we take.
    let actor = event.source.trim_start_matches('/');
    match (admission, wish) {
        (Admission::Duplicate, _) => Ok(()),
        (_, Wish::Commit) => commit(app, connection, actor, event.data.order_id).await,
        (_, Wish::Release) => release(app, connection, actor, event.data.order_id)
            .await
            .map(drop),
    }
}

/// `POST /events/dead`: an event that was given up, be it what it may. It waits for an operator.
pub async fn dead(State(app): State<App>, body: Bytes) -> Result<StatusCode, Problem> {
    let event = letter(&body);
    let mut connection = app.db.acquire().await.map_err(Error::from)?;
    dead::keep(&mut connection, DEAD_LETTERS, &event, app.clock.now())
        .await
        .map_err(Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The event as JSON or, if PostgreSQL could not store that, as its text: a letter that can't be kept is delivered for
/// ever.
fn letter(body: &[u8]) -> Value {
    let text = String::from_utf8_lossy(body).replace('\0', "\u{fffd}");
    let storable = !text.contains("\\u0000");
    match serde_json::from_str(&text) {
        Ok(event) if storable => event,
        _ => Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_services_samples_are_understood() {
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../order/events");
        let mut wishes = Vec::new();
        for entry in std::fs::read_dir(samples).expect("the order service's golden samples") {
            let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a sample");
            let event: CloudEvent<OrderEvent> =
                serde_json::from_str(&text).expect("an event we understand");
            assert_eq!(event.subject, event.data.order_id.0.to_string());
            assert_eq!(event.source, "/order");
            wishes.extend(Wish::of(&event.kind));
        }
        wishes.sort_by_key(|wish| *wish == Wish::Release);
        assert_eq!(wishes, [Wish::Commit, Wish::Release]);
    }
}
