//! Events of the order service, as far as watching browsers need them.
//!
//! Invariant: an event changes nothing here; it is shown to whoever watches, who judge by version whether it is news.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use bff_api::{Checkout, Fulfilment, OrderChange};
use dapr_kit::{CloudEvent, trace};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::live;
use crate::state::App;

/// What we read of every event on `order-events`.
#[derive(Debug, Deserialize)]
pub struct OrderEvent {
    /// The order.
    pub order_id: Uuid,
    /// Where it is made.
    pub store_id: Uuid,
    /// Its number at the counter.
    pub number: String,
    /// State after the transition.
    pub checkout: Checkout,
    /// State after the transition.
    pub fulfilment: Fulfilment,
    /// Version after the transition.
    pub version: i64,
}

/// `POST /events/order`: a delivery of our sidecar.
pub async fn order(State(app): State<App>, event: CloudEvent<OrderEvent>) -> StatusCode {
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
    let _entered = span.enter();
    let OrderEvent {
        order_id,
        store_id,
        number,
        checkout,
        fulfilment,
        version,
    } = event.data;
    tracing::info!(
        event.id = event.id,
        event.kind = event.kind,
        order.id = %order_id,
        order.version = version,
        "an event was consumed"
    );
    app.hub.publish(
        store_id,
        OrderChange {
            order_id,
            number,
            checkout,
            fulfilment,
            version,
        },
    );
    StatusCode::NO_CONTENT
}

/// `GET /dapr/subscribe`: a sidecar asks this when it starts. Our subscriptions are declared in its resources; that it
/// asks tells us that it was away.
pub async fn sidecar_started(State(app): State<App>) -> Json<Value> {
    tokio::spawn(live::look_again(app.hub.clone()));
    Json(json!([]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_services_samples_are_understood() {
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../order/events");
        let mut read = 0;
        for entry in std::fs::read_dir(samples).expect("the order service's golden samples") {
            let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a sample");
            let event: CloudEvent<OrderEvent> =
                serde_json::from_str(&text).expect("an event we understand");
            assert_eq!(event.subject, event.data.order_id.to_string());
            assert_eq!(event.sequence, event.data.version);
            read += 1;
        }
        assert!(
            read >= 4,
            "created, confirmed, fulfilment_changed, completed"
        );
    }
}
