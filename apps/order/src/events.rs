//! What this service publishes on `order-events`: wire types, versioned by name.
//!
//! Invariant: one event per transition, its sequence the order's version, one per return, and one per place that a courier
//! comes to; no personal data in any of them. A field is only ever added; anything else is a new version beside the old one (`events/*.json` are the golden samples).

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use service::ids::Ids;
use service::money::Money;
use uuid::Uuid;

use crate::delivery::Courier;
use crate::lifecycle::{Checkout, Fulfilment, Step};
use crate::order::{
    Line, Order, OrderId, OrderNumber, Payment, Reason, StoreId, Tax, Transition, business_day,
};
use crate::pickup::Pickup;
use crate::returns::{self, Goods, Return, ReturnId};

/// The CloudEvents source of everything published here.
const SOURCE: &str = "/order";

/// The data of every `order.*.v1` event: where the order stands after the transition, and what it is of.
#[derive(Serialize)]
struct OrderChanged<'o> {
    order_id: OrderId,
    store_id: StoreId,
    /// The store's calendar day on which it was placed.
    business_day: NaiveDate,
    number: OrderNumber,
    checkout: Checkout,
    fulfilment: Fulfilment,
    version: i64,
    total: Money,
    /// How much of `total` was given on top of the price.
    tip: Money,
    /// How it is brought; nothing if it is fetched.
    delivery: Option<Brought>,
    /// The tax contained in `total`, by rate.
    tax: &'o [Tax],
    lines: Vec<OrderedLine<'o>>,
    payment: Payment,
    reason: Option<Reason>,
    pickup: Pickup,
    #[serde(with = "service::clock::rfc3339")]
    occurred_at: DateTime<Utc>,
}

/// How an order is brought. Where to is personal, and shipping's alone.
#[derive(Serialize)]
struct Brought {
    /// What it costs, contained in the order's `total`.
    fee: Money,
    /// Where its courier is.
    courier: Courier,
}

impl Brought {
    fn of(order: &Order) -> Option<Self> {
        order.delivery.map(|delivery| Self {
            fee: delivery.fee,
            courier: delivery.courier,
        })
    }
}

/// What was ordered, without what was chosen with it: that is the barista's business.
#[derive(Serialize)]
struct OrderedLine<'o> {
    variation_id: Uuid,
    product: &'o str,
    variation: &'o str,
    quantity: i32,
    /// For all of them, before anything was taken off.
    gross: Money,
    /// The line's share of what was taken off the order.
    discount: Money,
    tax_rate_bp: i32,
}

/// The data of [`RETURNED`]: where the order stands, which a return does not change, and what came back.
#[derive(Serialize)]
struct OrderReturned<'o> {
    return_id: ReturnId,
    #[serde(flatten)]
    order: OrderChanged<'o>,
    returned: Returned<'o>,
}

/// What came back, and what was given for it.
#[derive(Serialize)]
struct Returned<'o> {
    number: i32,
    /// The store's calendar day on which it was given.
    business_day: NaiveDate,
    reason: returns::Reason,
    amount: Money,
    /// What of it is for having had it brought; null if nothing is.
    delivery: Option<Money>,
    /// The tax contained in `amount`, by rate.
    tax: &'o [Tax],
    lines: Vec<ReturnedLine<'o>>,
}

#[derive(Serialize)]
struct ReturnedLine<'o> {
    line: i32,
    variation_id: Uuid,
    product: &'o str,
    variation: &'o str,
    quantity: i32,
    amount: Money,
    goods: Goods,
}

const CREATED: &str = "order.created.v1";
const CONFIRMED: &str = "order.confirmed.v1";
const FULFILMENT: &str = "order.fulfilment_changed.v1";
const COMPLETED: &str = "order.completed.v1";
const RECALLED: &str = "order.recalled.v1";
const CANCELLED: &str = "order.cancelled.v1";
const PARKED: &str = "order.parked.v1";
const RESUMED: &str = "order.resumed.v1";

/// The type of a return's one event, when all of it is done.
pub const RETURNED: &str = "order.returned.v1";

/// Where an order stands now; a transition of it says where it stood then.
fn changed(order: &Order, occurred_at: DateTime<Utc>) -> OrderChanged<'_> {
    OrderChanged {
        order_id: order.id,
        store_id: order.store_id,
        business_day: order.business_day,
        number: order.number,
        checkout: order.checkout,
        fulfilment: order.fulfilment,
        version: order.version,
        total: order.total,
        tip: order.tip,
        delivery: Brought::of(order),
        tax: &order.tax,
        lines: order.lines.iter().map(OrderedLine::from).collect(),
        payment: order.payment,
        reason: order.reason,
        pickup: order.pickup,
        occurred_at,
    }
}

impl<'o> From<&'o Line> for OrderedLine<'o> {
    fn from(line: &'o Line) -> Self {
        Self {
            variation_id: line.variation_id,
            product: &line.product,
            variation: &line.variation,
            quantity: line.quantity,
            gross: line.line_total,
            discount: line.discount,
            tax_rate_bp: line.tax_rate_bp,
        }
    }
}

/// The event of a return of `order` that is done, ready for the outbox; the order's store is in `zone`. Its subject is the
/// return, which has no other.
pub fn returned(
    order: &Order,
    zone: Tz,
    it: &Return,
    ids: &Ids,
    now: DateTime<Utc>,
) -> Result<outbox::Event, serde_json::Error> {
    let lines = it.lines.iter().map(|line| ReturnedLine {
        line: line.line,
        variation_id: line.ordered.variation_id,
        product: &line.ordered.product,
        variation: &line.ordered.variation,
        quantity: line.quantity,
        amount: line.amount,
        goods: line.goods,
    });
    let data = OrderReturned {
        return_id: it.id,
        order: changed(order, now),
        returned: Returned {
            number: it.number,
            business_day: business_day(now, zone),
            reason: it.reason,
            amount: it.amount,
            delivery: it.fee,
            tax: &it.tax,
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

/// The types of a transition's event.
pub const STEPS: [&str; 8] = [
    CREATED, CONFIRMED, FULFILMENT, COMPLETED, RECALLED, CANCELLED, PARKED, RESUMED,
];

/// The type of what tells where a courier is.
pub const COURIER_CHANGED: &str = "order.courier_changed.v1";

/// The event of a courier that has come to another place, ready for the outbox: the order stands where it stood. Its
/// subject is the courier, which counts as shipping does.
pub fn courier_changed(
    order: &Order,
    sequence: i64,
    ids: &Ids,
    now: DateTime<Utc>,
) -> Result<outbox::Event, serde_json::Error> {
    Ok(outbox::Event {
        id: ids.next(),
        source: SOURCE.to_owned(),
        kind: COURIER_CHANGED.to_owned(),
        subject: format!("{}:courier", order.id.0),
        sequence,
        time: now,
        data: serde_json::to_value(changed(order, now))?,
    })
}

/// The event's type for a step.
#[must_use]
pub fn kind(step: Step) -> &'static str {
    match step {
        Step::Place => CREATED,
        Step::Confirm => CONFIRMED,
        Step::Prepare | Step::PutOut | Step::HandOver => FULFILMENT,
        Step::Complete => COMPLETED,
        Step::Recall => RECALLED,
        // However it was undone: to whoever listens it is cancelled.
        Step::Cancel | Step::Settle => CANCELLED,
        Step::Park => PARKED,
        Step::Resume => RESUMED,
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
                checkout: transition.state.checkout,
                fulfilment: transition.state.fulfilment,
                version: transition.version,
                payment: transition.payment,
                reason: transition.reason,
                ..changed(order, transition.at)
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
