//! What this service publishes on `order-events`: wire types, versioned by name.
//!
//! Invariant: one event per transition, its sequence the order's version, and one per return; no personal data in any of them. A field is
//! only ever added; anything else is a new version beside the old one (`events/*.json` are the golden samples).

use chrono::{DateTime, Utc};
use serde::Serialize;
use service::ids::Ids;
use service::money::Money;
use uuid::Uuid;

use crate::lifecycle::{Checkout, Fulfilment, Step};
use crate::order::{Order, OrderId, OrderNumber, Payment, Reason, StoreId, Transition};
use crate::pickup::Pickup;
use crate::returns::{self, Goods, Return, ReturnId};

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

/// The data of [`RETURNED`]: where the order stands, which a return does not change, and what came back.
#[derive(Serialize)]
struct OrderReturned {
    return_id: ReturnId,
    #[serde(flatten)]
    order: OrderChanged,
    returned: Returned,
}

/// What came back, and what was given for it.
#[derive(Serialize)]
struct Returned {
    number: i32,
    reason: returns::Reason,
    amount: Money,
    lines: Vec<ReturnedLine>,
}

#[derive(Serialize)]
struct ReturnedLine {
    line: i32,
    variation_id: Uuid,
    quantity: i32,
    amount: Money,
    goods: Goods,
}

/// The type of a return's one event, when all of it is done.
pub const RETURNED: &str = "order.returned.v1";

/// The event of a return of `order` that is done, ready for the outbox. Its subject is the return, which has no other.
pub fn returned(
    order: &Order,
    it: &Return,
    ids: &Ids,
    now: DateTime<Utc>,
) -> Result<outbox::Event, serde_json::Error> {
    let lines = it.lines.iter().map(|line| ReturnedLine {
        line: line.line,
        variation_id: line.ordered.variation_id,
        quantity: line.quantity,
        amount: line.amount,
        goods: line.goods,
    });
    let data = OrderReturned {
        return_id: it.id,
        order: OrderChanged {
            order_id: order.id,
            store_id: order.store_id,
            number: order.number,
            checkout: order.checkout,
            fulfilment: order.fulfilment,
            version: order.version,
            total: order.total,
            tip: order.tip,
            payment: order.payment,
            reason: order.reason,
            pickup: order.pickup,
            occurred_at: now,
        },
        returned: Returned {
            number: it.number,
            reason: it.reason,
            amount: it.amount,
            lines: lines.collect(),
        },
    };
    Ok(outbox::Event {
        id: ids.next(),
        source: SOURCE.to_owned(),
        kind: RETURNED.to_owned(),
        subject: it.id.0.to_string(),
        sequence: 1,
        time: now,
        data: serde_json::to_value(data)?,
    })
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
