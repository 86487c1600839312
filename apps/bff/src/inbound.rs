//! Events of the order service and the inventory, as far as browsers are shown them, the catalog's of what menus show, and
//! identity's of sessions that ended.
//!
//! Invariant: an order's or an item's event decides nothing here; it is shown to whoever looks, and by its version it is
//! told whether it is news.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use bff_api::{Checkout, Courier, Fulfilment, OrderChange, Payment, Reason};
use dapr_kit::{CloudEvent, trace};
use serde::Deserialize;
use serde_json::{Value, json};
use service::delivery::{self, NotTaken};
use service::problem::Problem;
use service::revoked;
use tracing::{Instrument as _, Span};
use uuid::Uuid;

use crate::catalogue::Availability;
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
    /// How it is paid; events from before there were cards do not say.
    #[serde(default)]
    pub payment: Option<Payment>,
    /// Why it is or will be cancelled.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// How it is brought; nothing of one that is fetched.
    #[serde(default)]
    pub delivery: Option<Brought>,
    /// Version after the transition.
    pub version: i64,
}

/// What we read of how an order is brought.
#[derive(Debug, Deserialize)]
pub struct Brought {
    /// Where its courier is.
    pub courier: Courier,
}

/// The one type of inventory's events that a menu shows.
const AVAILABILITY: &str = "inventory.availability_changed.v1";

/// What we read of it.
#[derive(Debug, Deserialize)]
pub struct AvailabilityEvent {
    /// Where.
    pub store_id: Uuid,
    /// What that store has run out of now.
    #[serde(flatten)]
    pub available: Availability,
}

/// What we read of every event on `catalog-events`.
#[derive(Debug, Deserialize)]
pub struct CatalogEvent {
    /// Whose menu is not the one that is kept any more; all stores', if none is named.
    #[serde(default)]
    pub store_id: Option<Uuid>,
}

/// `POST /events/order`: a delivery of our sidecar.
pub async fn order(State(app): State<App>, event: CloudEvent<OrderEvent>) -> StatusCode {
    let span = span_of(&event, "consume order-events");
    let _entered = span.enter();
    let OrderEvent {
        order_id,
        store_id,
        number,
        checkout,
        fulfilment,
        payment,
        reason,
        delivery,
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
            payment,
            reason,
            courier: delivery.map(|brought| brought.courier),
            version,
        },
    );
    StatusCode::NO_CONTENT
}

/// `POST /events/inventory`: a delivery of our sidecar. What a menu shows as sold out follows at once.
pub async fn inventory(State(app): State<App>, event: CloudEvent<Value>) -> StatusCode {
    if event.kind != AVAILABILITY {
        return StatusCode::NO_CONTENT;
    }
    let span = span_of(&event, "consume inventory-events");
    delivery::answer(sold_out(&app, &event).instrument(span)).await
}

async fn sold_out(app: &App, event: &CloudEvent<Value>) -> Result<(), NotTaken> {
    let AvailabilityEvent {
        store_id,
        available,
    } = AvailabilityEvent::deserialize(&event.data)?;
    tracing::info!(
        event.id = event.id,
        event.kind = event.kind,
        store.id = %store_id,
        availability.version = available.version,
        "an event was consumed"
    );
    let changed = app.catalogue.availability_changed(store_id, available);
    // Nothing but memory is asked, so no other try would help.
    changed
        .await
        .map_err(|error| NotTaken::Unusable(error.to_string()))
}

/// `POST /events/catalog`: a delivery of our sidecar. Whatever has changed, the menus that may show it are asked for anew
/// by whoever wants them next.
pub async fn catalog(State(app): State<App>, event: CloudEvent<CatalogEvent>) -> StatusCode {
    let span = span_of(&event, "consume catalog-events");
    let _entered = span.enter();
    tracing::info!(
        event.id = event.id,
        event.kind = event.kind,
        event.subject = event.subject,
        "an event was consumed"
    );
    app.catalogue.menus_changed(event.data.store_id);
    StatusCode::NO_CONTENT
}

/// `POST /events/identity`: a delivery of our sidecar. Whose sign-in has ended is signed out here too, at once.
pub async fn identity(State(app): State<App>, event: CloudEvent<Value>) -> StatusCode {
    delivery::answer(async {
        if let Some(sign_in) = revoked::ended_session(&event)? {
            app.sessions.revoke(sign_in);
            tracing::info!(event.id, session.id = %sign_in, "a sign-in ended");
        }
        Ok(())
    })
    .await
}

/// What tells that an account is being removed.
const USER_DELETED: &str = "user.deleted.v1";

/// What we read of it.
#[derive(Debug, Deserialize)]
pub struct UserDeleted {
    /// Whose account it was.
    pub user_id: Uuid,
}

/// `POST /events/account`: a delivery of our sidecar, for all replicas together. What is kept of a person goes with the
/// account; forgetting twice is harmless.
pub async fn account(State(app): State<App>, event: CloudEvent<Value>) -> StatusCode {
    if event.kind != USER_DELETED {
        return StatusCode::NO_CONTENT;
    }
    let span = span_of(&event, "consume identity-events");
    let forget = async {
        let UserDeleted { user_id } = UserDeleted::deserialize(&event.data)?;
        let forgotten = app.shelf.forget(user_id).await;
        // Delivered again until the store is there.
        forgotten.map_err(|error| NotTaken::Failed(Problem::unavailable(&error, 1)))?;
        tracing::info!(event.id, user.id = %user_id, "a person's basket and favourites were forgotten");
        Ok(())
    };
    delivery::answer(forget.instrument(span)).await
}

/// A span in the trace of the request that caused the event, not of its delivery.
fn span_of<T>(event: &CloudEvent<T>, name: &'static str) -> Span {
    let span = tracing::info_span!(
        target: "crema",
        "consume",
        otel.name = name,
        otel.kind = "consumer",
    );
    if let Some(parent) = &event.trace_parent {
        trace::continue_from(&span, parent);
    }
    span
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
            read += 1;
            // A return has a subject and a count of its own; it tells where its order stands, which is no news. So has a
            // courier, and where that is, is.
            if event.kind.starts_with("order.returned.") {
                continue;
            }
            if event.kind.starts_with("order.courier_changed.") {
                assert!(event.data.delivery.is_some());
                continue;
            }
            assert_eq!(event.subject, event.data.order_id.to_string());
            assert_eq!(event.sequence, event.data.version);
        }
        assert!(
            read >= 4,
            "created, confirmed, fulfilment_changed, completed"
        );
    }

    #[test]
    fn the_catalogs_samples_are_understood() {
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../catalog/events");
        let mut of_one_store = 0;
        for entry in std::fs::read_dir(samples).expect("the catalog's golden samples") {
            let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a sample");
            let event: CloudEvent<CatalogEvent> =
                serde_json::from_str(&text).expect("an event we understand");
            if let Some(store) = event.data.store_id {
                assert!(event.subject.starts_with(&store.to_string()));
                of_one_store += 1;
            }
        }
        assert_eq!(of_one_store, 1, "a price is one store's");
    }

    #[test]
    fn the_inventorys_sample_is_understood() {
        let sample = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../inventory/events/inventory.availability_changed.v1.json"
        );
        let text = std::fs::read_to_string(sample).expect("the inventory's golden sample");
        let event: CloudEvent<AvailabilityEvent> =
            serde_json::from_str(&text).expect("an event we understand");
        assert_eq!(event.subject, event.data.store_id.to_string());
        assert_eq!(event.sequence, event.data.available.version);
    }
}
