//! Orders as the customer and the barista see them, and the commands on them.
//!
//! Invariant: a command carries no price but a tip and, of bringing it, the fee that was shown; what an order costs is the catalog's answer alone.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Delivery, Money, Pickup, PlaceDelivery};

/// Body of `POST /api/orders`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceOrder {
    /// Where it will be made.
    pub store_id: Uuid,
    /// 1 to 50 lines.
    pub lines: Vec<PlaceLine>,
    /// How it will be paid.
    pub payment: PlacePayment,
    /// The slot in which it is picked up; as soon as possible if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup: Option<DateTime<Utc>>,
    /// The [`Quote`](crate::Quote) that was shown, for these very lines; without one it costs what the list says then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// What is given on top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tip: Option<Money>,
    /// How it is brought; fetched if unsaid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<PlaceDelivery>,
}

/// One line of [`PlaceOrder`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceLine {
    /// From the store's menu.
    pub variation_id: Uuid,
    /// 1 to 99.
    pub quantity: u32,
    /// Every chosen option, defaults included.
    pub option_ids: Vec<Uuid>,
}

/// How a customer means to pay. No amount: that is the order service's business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum PlacePayment {
    /// At the counter, when the order is handed over.
    Counter,
    /// By a card that the payment provider knows.
    Card {
        /// What stands for the card there.
        token: CardToken,
    },
}

/// What stands for a card at the payment provider: 1 to 255 visible ASCII characters. Never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CardToken(pub String);

impl fmt::Debug for CardToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CardToken(…)")
    }
}

/// Body of `POST /api/orders/{id}/fulfilment`, sent with `If-Match: "<version>"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advance {
    /// The step to enter.
    pub status: Fulfilment,
}

/// An order in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Identifies the order in every path.
    pub id: Uuid,
    /// What is called out at the counter, such as `A-042`; unique per store and day.
    pub number: String,
    /// Where it is made.
    pub store_id: Uuid,
    /// The store's name when the order was placed.
    pub store_name: String,
    /// When the customer placed it.
    pub placed_at: DateTime<Utc>,
    /// When it is picked up; orders of a version before there were slots do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup: Option<Pickup>,
    /// First axis: the deal.
    pub checkout: Checkout,
    /// Second axis: the making.
    pub fulfilment: Fulfilment,
    /// How it is paid, and whether it has been.
    pub payment: Payment,
    /// Why it is or will be cancelled; `None` while it is not.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// What was ordered, at the prices of that moment.
    pub lines: Vec<OrderLine>,
    /// What was taken off; orders of a version before there were discounts do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Discount>,
    /// How it is brought, if it is; orders of a version before anything was brought do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// What was given on top; orders of a version before there were tips do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tip: Option<Money>,
    /// The lines less the discount, tax included, the fee for bringing them, and the tip.
    pub total: Money,
    /// The tax contained in the total, one entry per rate.
    pub tax: Vec<TaxLine>,
    /// Grows by one with every transition; the strong `ETag` of the order.
    pub version: i64,
}

/// One line of an [`Order`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The menu's id of what was ordered.
    pub variation_id: Uuid,
    /// Product name at that moment.
    pub product: String,
    /// Variation name at that moment.
    pub variation: String,
    /// What was chosen with it.
    pub options: Vec<ChosenOption>,
    /// How many.
    pub quantity: u32,
    /// One of it with its options, tax included.
    pub unit_price: Money,
    /// `unit_price` times `quantity`.
    pub line_total: Money,
}

/// An option of an [`OrderLine`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenOption {
    /// The menu's id.
    pub id: Uuid,
    /// Name of its group, such as "Milk".
    pub group: String,
    /// Its own name, such as "Oat".
    pub name: String,
    /// What it added to one unit.
    pub price: Money,
}

/// What is taken off an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// The code, in capitals.
    pub code: String,
    /// How much.
    pub amount: Money,
}

/// Tax contained in an order's total at one rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxLine {
    /// Rate in basis points: 800 is 8 %.
    pub rate_bp: u32,
    /// Sum of the line totals at this rate, and of the fee if that is its rate.
    pub gross: Money,
    /// The part of `gross` that is tax.
    pub tax: Money,
}

/// How an order is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// As chosen when placing it.
    pub method: PaymentMethod,
    /// Whether the money is there.
    pub status: PaymentStatus,
}

/// Ways to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// At the counter, when the order is handed over.
    Counter,
    /// By card, before the order is confirmed.
    Card,
}

/// Whether an order is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Still to be paid.
    Due,
    /// Paid.
    Captured,
    /// Paid, and given back in full.
    Refunded,
    /// Given up before anything was taken.
    Void,
}

/// Why an order is or will be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Something in it is not there any more.
    SoldOut,
    /// The card was refused.
    PaymentDeclined,
    /// The payment provider could not be reached in time.
    PaymentUnavailable,
    /// The stock could not be reached in time.
    StockUnavailable,
    /// The customer asked for it.
    ByCustomer,
    /// The store did it.
    ByStaff,
    /// An operator did it.
    ByOperator,
    /// The customer's account was closed.
    AccountClosed,
    /// Nobody was found who brings it.
    NoCourier,
    /// One that this version does not know yet.
    #[serde(other)]
    Other,
}

/// First axis of an order's state: the deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checkout {
    /// Placed, not yet accepted.
    Pending,
    /// Accepted: it will be made.
    Confirmed,
    /// Ended without being made or paid.
    Cancelled,
    /// Handed over and paid.
    Completed,
    /// A person has to look at it.
    Manual,
}

/// Second axis of an order's state: the making. The order of the variants is the order of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fulfilment {
    /// Nobody has begun.
    Waiting,
    /// Being made.
    Preparation,
    /// On the counter.
    Ready,
    /// Handed over.
    Delivered,
}

impl Fulfilment {
    /// The step after this one; `None` at the end.
    #[must_use]
    pub fn next(self) -> Option<Fulfilment> {
        match self {
            Fulfilment::Waiting => Some(Fulfilment::Preparation),
            Fulfilment::Preparation => Some(Fulfilment::Ready),
            Fulfilment::Ready => Some(Fulfilment::Delivered),
            Fulfilment::Delivered => None,
        }
    }
}

/// Which of the two axes a transition was on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// See [`Checkout`].
    Checkout,
    /// See [`Fulfilment`].
    Fulfilment,
}

/// One transition of an order (`GET /api/orders/{id}/history`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The version it led to.
    pub version: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: String,
    /// On which axis.
    pub axis: Axis,
    /// State before; `None` for the creation.
    pub from: Option<String>,
    /// State after.
    pub to: String,
}

#[cfg(test)]
mod tests {
    use super::{CardToken, Fulfilment, PlacePayment, Reason};

    #[test]
    fn a_cards_token_is_never_printed() {
        let token = CardToken("tok_canary".into());
        let printed = format!("{:?}", PlacePayment::Card { token });
        assert!(!printed.contains("canary"), "{printed}");
    }

    #[test]
    fn a_reason_of_a_newer_server_is_read_as_some_reason() {
        let reason: Reason = serde_json::from_str("\"by_the_weather\"").expect("a reason");
        assert_eq!(reason, Reason::Other);
    }

    #[test]
    fn steps_lead_from_waiting_to_delivered_and_end() {
        let mut step = Fulfilment::Waiting;
        let mut seen = vec![step];
        while let Some(next) = step.next() {
            assert!(next > step);
            step = next;
            seen.push(step);
        }
        assert_eq!(seen.len(), 4);
        assert_eq!(step, Fulfilment::Delivered);
    }
}
