//! The events we listen to: our own structs, with only the fields that we show.
//!
//! Invariant: a type that we don't know is nobody's mistake and nothing to us; one that we know and can't read is a
//! poison message.

use chrono::NaiveDate;
use dapr_kit::CloudEvent;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::money::Money;
use uuid::Uuid;

use crate::delivery::Courier;
use crate::events::{RETURNED, STEPS};
use crate::lifecycle::Checkout;
use crate::order::{CustomerId, OrderId, StoreId, Tax};
use crate::refund::{Cause, Refund, RefundId};
use crate::returns::ReturnId;
use crate::sales::{Fact, Given, GivenLine, RateSum, Sale, SoldLine};
use crate::timeline::Entry;

/// The CloudEvents source of our own events.
pub const OURS: &str = "/order";
/// The CloudEvents source of payment.
pub const PAYMENT: &str = "/payment";
/// The CloudEvents source of inventory.
pub const INVENTORY: &str = "/inventory";
/// The CloudEvents source of shipping.
pub const SHIPPING: &str = "/shipping";
/// The CloudEvents source of identity.
pub const IDENTITY: &str = "/identity";

/// What is told of an order's payment.
const PAYMENT_KINDS: [&str; 6] = [
    "payment.initiated.v1",
    "payment.authorised.v1",
    "payment.processed.v1",
    "payment.failed.v1",
    "payment.voided.v1",
    "payment.refund_processed.v1",
];

/// What is told of an order's stock.
const INVENTORY_KINDS: [&str; 3] = [
    "inventory.reserved.v1",
    "inventory.committed.v1",
    "inventory.released.v1",
];

/// What is told of an order's way to the door.
const SHIPPING_KINDS: [&str; 6] = [
    "shipment.created.v1",
    "shipment.dispatched.v1",
    "tracking.updated.v1",
    "shipment.delivered.v1",
    "shipment.failed.v1",
    "shipment.cancelled.v1",
];

/// What tells whether an account may be used.
const USER_UPDATED: &str = "user.updated.v1";
/// What tells that an account is being removed.
const USER_DELETED: &str = "user.deleted.v1";

/// The data of every event of [`PAYMENT_KINDS`].
#[derive(Deserialize)]
struct PaymentChanged {
    order_id: OrderId,
    method: String,
    status: String,
    amount: Money,
    captured: Money,
    refunded: Money,
    reason: Option<String>,
    refund: Option<Refunded>,
}

/// What the event of one refund has besides; those of before have not, and are on no receipt.
#[derive(Deserialize)]
struct Refunded {
    refund_id: RefundId,
    amount: Money,
    cause: RefundCause,
}

/// What a refund was for.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefundCause {
    Amount,
    Return,
    Undone,
}

/// What one of payment's events tells.
#[derive(Clone, Debug, PartialEq)]
pub struct PaymentNews {
    /// For the order's timeline.
    pub entry: Entry,
    /// What went back with it and no return explains.
    pub refund: Option<Refund>,
}

/// The data of every event of [`INVENTORY_KINDS`]. What it is made of is the store's business, not the customer's.
#[derive(Deserialize)]
struct StockChanged {
    order_id: OrderId,
    status: String,
}

/// The data of every event of [`SHIPPING_KINDS`].
#[derive(Deserialize)]
struct ShipmentChanged {
    order_id: OrderId,
    status: ShipmentStatus,
    reason: Option<String>,
    expected_at: Option<String>,
}

/// How far a shipment has come.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum ShipmentStatus {
    Announced,
    Searching,
    Booked,
    Dispatched,
    Delivered,
    Failed,
    Cancelled,
}

/// What one of shipping's events tells.
#[derive(Clone, Debug, PartialEq)]
pub struct ShipmentNews {
    /// For the order's timeline.
    pub entry: Entry,
    /// Where the courier is; nothing if the shipment was called off, because its order was.
    pub courier: Option<Courier>,
}

/// The data of [`USER_UPDATED`] and [`USER_DELETED`].
#[derive(Deserialize)]
struct UserChanged {
    user_id: CustomerId,
    active: bool,
}

/// The data of every event about an order. Those of before say nothing of lines, and so nothing of what was sold.
#[derive(Deserialize)]
struct OrderChanged {
    order_id: OrderId,
    store_id: StoreId,
    version: i64,
    checkout: Checkout,
    total: Money,
    business_day: Option<NaiveDate>,
    tip: Option<Money>,
    delivery: Option<Brought>,
    #[serde(default)]
    tax: Vec<Tax>,
    lines: Option<Vec<OrderedLine>>,
}

#[derive(Deserialize)]
struct Brought {
    fee: Money,
}

#[derive(Deserialize)]
struct OrderedLine {
    variation_id: Uuid,
    product: String,
    variation: String,
    quantity: i64,
    gross: Money,
    discount: Money,
}

/// What the data of [`RETURNED`] has besides.
#[derive(Deserialize)]
struct OrderReturned {
    return_id: ReturnId,
    returned: Returned,
}

#[derive(Deserialize)]
struct Returned {
    business_day: Option<NaiveDate>,
    amount: Money,
    delivery: Option<Money>,
    #[serde(default)]
    tax: Vec<Tax>,
    lines: Vec<ReturnedLine>,
}

#[derive(Deserialize)]
struct ReturnedLine {
    variation_id: Uuid,
    #[serde(default)]
    product: String,
    #[serde(default)]
    variation: String,
    quantity: i64,
    amount: Money,
}

/// What one of our own events tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// All of it, as it came.
    pub document: Entry,
    /// What it tells of what was sold.
    pub fact: Option<Fact>,
}

/// What one of our own events tells, if it is of a type that we know.
pub fn of_order(event: CloudEvent<Value>) -> Result<Option<Told>, serde_json::Error> {
    let came_back = event.kind == RETURNED;
    if !came_back && !STEPS.contains(&event.kind.as_str()) {
        return Ok(None);
    }
    let data = OrderChanged::deserialize(&event.data)?;
    let order = data.order_id;
    let fact = if came_back {
        data.given(OrderReturned::deserialize(&event.data)?)
            .map(Fact::Return)
    } else {
        data.sale().map(Fact::Sale)
    };
    let detail = event.data.clone();
    Ok(Some(Told {
        document: entry(event, order, detail),
        fact,
    }))
}

impl OrderChanged {
    fn sale(self) -> Option<Sale> {
        let (day, lines) = (self.business_day?, self.lines?);
        Some(Sale {
            order: self.order_id,
            version: self.version,
            store: self.store_id,
            day,
            checkout: self.checkout,
            currency: self.total.currency,
            gross: lines.iter().map(|line| line.gross.amount).sum(),
            discount: lines.iter().map(|line| line.discount.amount).sum(),
            delivery: self.delivery.map_or(0, |brought| brought.fee.amount),
            tip: self.tip.map_or(0, |tip| tip.amount),
            total: self.total.amount,
            tax: self.tax.iter().map(RateSum::from).collect(),
            lines: lines.into_iter().map(SoldLine::from).collect(),
        })
    }

    fn given(
        self,
        OrderReturned {
            return_id,
            returned,
        }: OrderReturned,
    ) -> Option<Given> {
        Some(Given {
            id: return_id,
            order: self.order_id,
            store: self.store_id,
            day: returned.business_day?,
            currency: returned.amount.currency,
            amount: returned.amount.amount,
            delivery: returned.delivery.map_or(0, |fee| fee.amount),
            tax: returned.tax.iter().map(RateSum::from).collect(),
            lines: returned.lines.into_iter().map(GivenLine::from).collect(),
        })
    }
}

impl From<OrderedLine> for SoldLine {
    fn from(line: OrderedLine) -> Self {
        Self {
            variation_id: line.variation_id,
            product: line.product,
            variation: line.variation,
            quantity: line.quantity,
            gross: line.gross.amount,
            discount: line.discount.amount,
        }
    }
}

impl From<ReturnedLine> for GivenLine {
    fn from(line: ReturnedLine) -> Self {
        Self {
            variation_id: line.variation_id,
            product: line.product,
            variation: line.variation,
            quantity: line.quantity,
            amount: line.amount.amount,
        }
    }
}

/// An account as one of identity's events tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub person: CustomerId,
    /// Whether it may not be used any more.
    pub closed: bool,
}

/// The account that one of identity's events is about, if it tells whether that is closed.
pub fn of_account(event: &CloudEvent<Value>) -> Result<Option<Account>, serde_json::Error> {
    let removed = event.kind == USER_DELETED;
    if !removed && event.kind != USER_UPDATED {
        return Ok(None);
    }
    let data = UserChanged::deserialize(&event.data)?;
    Ok(Some(Account {
        person: data.user_id,
        closed: removed || !data.active,
    }))
}

/// What one of payment's events tells, if it is of a type that we show.
pub fn of_payment(event: CloudEvent<Value>) -> Result<Option<PaymentNews>, serde_json::Error> {
    if !PAYMENT_KINDS.contains(&event.kind.as_str()) {
        return Ok(None);
    }
    let data = PaymentChanged::deserialize(&event.data)?;
    let detail = json!({
        "method": data.method,
        "status": data.status,
        "amount": data.amount,
        "captured": data.captured,
        "refunded": data.refunded,
        "reason": data.reason,
    });
    let at = event.time;
    let refund = data.refund.and_then(|it| {
        let cause = match it.cause {
            RefundCause::Amount => Cause::Amount,
            RefundCause::Undone => Cause::Undone,
            // Our own return tells of it.
            RefundCause::Return => return None,
        };
        Some(Refund {
            id: it.refund_id,
            order: data.order_id,
            amount: it.amount,
            cause,
            at,
        })
    });
    Ok(Some(PaymentNews {
        entry: entry(event, data.order_id, detail),
        refund,
    }))
}

/// The entry of one of inventory's events, if it is of a type that we show.
pub fn of_inventory(event: CloudEvent<Value>) -> Result<Option<Entry>, serde_json::Error> {
    if !INVENTORY_KINDS.contains(&event.kind.as_str()) {
        return Ok(None);
    }
    let data = StockChanged::deserialize(&event.data)?;
    let detail = json!({ "status": data.status });
    Ok(Some(entry(event, data.order_id, detail)))
}

/// What one of shipping's events tells, if it is of a type that we know.
pub fn of_shipping(event: CloudEvent<Value>) -> Result<Option<ShipmentNews>, serde_json::Error> {
    if !SHIPPING_KINDS.contains(&event.kind.as_str()) {
        return Ok(None);
    }
    let data = ShipmentChanged::deserialize(&event.data)?;
    let courier = match data.status {
        ShipmentStatus::Announced | ShipmentStatus::Searching => Some(Courier::Awaited),
        ShipmentStatus::Booked => Some(Courier::Booked),
        ShipmentStatus::Dispatched => Some(Courier::Dispatched),
        ShipmentStatus::Delivered => Some(Courier::Delivered),
        ShipmentStatus::Failed => Some(Courier::Failed),
        ShipmentStatus::Cancelled => None,
    };
    let detail = json!({
        "status": data.status,
        "reason": data.reason,
        "expected_at": data.expected_at,
    });
    Ok(Some(ShipmentNews {
        entry: entry(event, data.order_id, detail),
        courier,
    }))
}

fn entry(event: CloudEvent<Value>, order: OrderId, detail: Value) -> Entry {
    Entry {
        source: event.source,
        event_id: event.id,
        order,
        at: event.time,
        sequence: event.sequence,
        kind: event.kind,
        detail,
    }
}
