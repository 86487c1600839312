//! Events of the order service, as far as stock depends on them.
//!
//! Invariant: an event's effect and its admission to the inbox are one transaction, so each is taken once. A late one is
//! taken like any other: a reservation's status says whether it still means anything.

use axum::extract::State;
use axum::http::StatusCode;
use dapr_kit::{CloudEvent, trace};
use outbox::{Admission, Incoming, admit};
use serde::Deserialize;
use serde_json::Value;
use service::database;
use service::delivery::{self, NotTaken};
use service::failpoint;
use sqlx::PgConnection;
use tracing::Instrument as _;

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
pub async fn order(State(app): State<App>, event: CloudEvent<Value>) -> StatusCode {
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
    delivery::answer(deliver(&app, &event).instrument(span)).await
}

async fn deliver(app: &App, event: &CloudEvent<Value>) -> Result<(), NotTaken> {
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
    let mut transaction = database::begin(&app.db).await?;
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
    event: &CloudEvent<Value>,
) -> Result<(), NotTaken> {
    let Some(wish) = Wish::of(&event.kind) else {
        return Ok(());
    };
    let OrderEvent { order_id } = OrderEvent::deserialize(&event.data)?;
    let admission = admit(connection, &Incoming::from(event)).await?;
    tracing::info!(
        event.id = event.id,
        event.kind = event.kind,
        order.id = %order_id.0,
        ?admission,
        "an event was consumed"
    );
    // The actor of what follows is the service whose word we take.
    let actor = event.source.trim_start_matches('/');
    match (admission, wish) {
        (Admission::Duplicate, _) => {}
        (_, Wish::Commit) => commit(app, connection, actor, order_id).await?,
        (_, Wish::Release) => {
            release(app, connection, actor, order_id).await?;
        }
    }
    Ok(())
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
            assert_eq!(event.source, "/order");
            // A return has a subject of its own, and a courier is one of its order.
            if !event.kind.starts_with("order.returned.") {
                let courier = event.subject.trim_end_matches(":courier");
                assert_eq!(courier, event.data.order_id.0.to_string());
            }
            wishes.extend(Wish::of(&event.kind));
        }
        wishes.sort_by_key(|wish| *wish == Wish::Release);
        assert_eq!(wishes, [Wish::Commit, Wish::Release]);
    }
}
