//! What this service publishes on `order-events`: wire types, versioned by name.
//!
//! Invariant: one event per transition, its sequence the order's version; no personal data in any of them. A field is
//! only ever added; anything else is a new version beside the old one (`events/*.json` are the golden samples).

use chrono::{DateTime, Utc};
use serde::Serialize;
use service::ids::Ids;
use service::money::Money;

use crate::lifecycle::{Checkout, Fulfilment, Step};
use crate::order::{Order, OrderId, OrderNumber, Payment, Reason, StoreId, Transition};
use crate::pickup::Pickup;

/// The CloudEvents source of everything published here.
const SOURCE: &str = "/order";

/// The data of every `order.*.v1` event: where the order stands after the transition.
#[derive(Serialize)]
struct OrderChanged {
    order_id: OrderId,
    store_id: StoreId,
    number: OrderNumber,
    checkout: Checkout,
    fulfilment: Fulfilment,
    version: i64,
    total: Money,
    /// How much of `total` was given on top of the price.
    tip: Money,
    payment: Payment,
    reason: Option<Reason>,
    pickup: Pickup,
    #[serde(with = "service::clock::rfc3339")]
    occurred_at: DateTime<Utc>,
}

/// The event's type for a step.
#[must_use]
pub fn kind(step: Step) -> &'static str {
    match step {
        Step::Place => "order.created.v1",
        Step::Confirm => "order.confirmed.v1",
        Step::Prepare | Step::PutOut | Step::HandOver => "order.fulfilment_changed.v1",
        Step::Complete => "order.completed.v1",
        Step::Recall => "order.recalled.v1",
        // However it was undone: to whoever listens it is cancelled.
        Step::Cancel | Step::Settle => "order.cancelled.v1",
        Step::Park => "order.parked.v1",
        Step::Resume => "order.resumed.v1",
    }
}

/// The events of these transitions of `order`, ready for the outbox.
pub fn of(
    order: &Order,
    transitions: &[Transition],
    ids: &Ids,
) -> Result<Vec<outbox::Event>, serde_json::Error> {
    transitions
        .iter()
        .map(|transition| {
            let data = OrderChanged {
                order_id: order.id,
                store_id: order.store_id,
                number: order.number,
                checkout: transition.state.checkout,
                fulfilment: transition.state.fulfilment,
                version: transition.version,
                total: order.total,
                tip: order.tip,
                payment: transition.payment,
                reason: transition.reason,
                pickup: order.pickup,
                occurred_at: transition.at,
            };
            Ok(outbox::Event {
                id: ids.next(),
                source: SOURCE.to_owned(),
                kind: kind(transition.step).to_owned(),
                subject: order.id.0.to_string(),
                sequence: transition.version,
                time: transition.at,
                data: serde_json::to_value(data)?,
            })
        })
        .collect()
}
