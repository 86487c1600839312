//! What the system left behind, as plain values.
//!
//! Invariant: a field holds what a table, a topic, a book or a file says, with its name there; nothing is concluded here.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::history::Entry;

/// All that is known of a run.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Order's orders.
    pub orders: Vec<Order>,
    /// Where the sagas stand.
    pub checkouts: Vec<Checkout>,
    /// The transitions of all orders, by order and version.
    pub history: Vec<Transition>,
    /// The seals over them, oldest first.
    pub seals: Vec<Seal>,
    /// How many transitions no seal covers.
    pub unsealed: usize,
    /// Payment's payments.
    pub payments: Vec<Payment>,
    /// What payment asked of the provider, and what was paid over the counter.
    pub operations: Vec<Operation>,
    /// The ledger.
    pub ledger: Vec<Entered>,
    /// What the provider did, by its own books.
    pub provider: Vec<Booked>,
    /// What payment itself found to differ from that, and a person has dealt with.
    pub dealt_with: Vec<DealtWith>,
    /// Inventory's levels.
    pub levels: Vec<Level>,
    /// The sums of all movements, by order.
    pub movements: Vec<Movement>,
    /// What is or was held for whom.
    pub reservations: Vec<Reservation>,
    /// Shipping's shipments.
    pub shipments: Vec<Shipment>,
    /// Order's pick-up slots.
    pub slots: Vec<Slot>,
    /// Order's returns.
    pub returns: Vec<Return>,
    /// Their lines.
    pub returned_lines: Vec<ReturnedLine>,
    /// The lines of orders of which something came back.
    pub order_lines: Vec<OrderLine>,
    /// What order's sales hold of orders.
    pub sold: Vec<Sold>,
    /// What they hold of returns.
    pub given_back: Vec<GivenBack>,
    /// What order knows to have been given back besides returns.
    pub refunds: Vec<Refund>,
    /// What payment gave for returns.
    pub return_refunds: Vec<ReturnRefund>,
    /// What inventory holds everything to be made of.
    pub recipes: Vec<Recipe>,
    /// By service, how many events wait to be published.
    pub outboxes: Vec<Waiting>,
    /// Which event was admitted by which service.
    pub admissions: Vec<Admission>,
    /// What was given up by whom.
    pub dead_letters: Vec<DeadLetter>,
    /// All events of all topics, oldest first within a subject.
    pub events: Vec<Event>,
    /// What clients asked for.
    pub asked: Vec<Entry>,
    /// How much was searched for secrets.
    pub searched: Searched,
    /// Where a secret was found.
    pub leaks: Vec<Leak>,
    /// What PostgreSQL has written down, by line.
    pub database_log: Vec<String>,
    /// The sessions in whose transactions nothing has happened for a long time.
    pub left_open: Vec<String>,
}

/// A row of `orders`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Order {
    pub id: String,
    pub store_id: String,
    /// The slot that it holds or, cancelled, held.
    pub slot: Option<String>,
    pub checkout: String,
    pub fulfilment: String,
    pub payment_method: String,
    pub payment_status: String,
    pub currency: String,
    pub total: i64,
    pub discount: i64,
    pub tip: i64,
    /// For what it is brought; 0 if it is fetched.
    pub fee: i64,
    /// Where its courier is, by order's word; none if it is fetched.
    pub courier: Option<String>,
    /// What its lines cost together.
    pub lines: i64,
    /// What is taken off its lines together.
    pub shares: i64,
    /// What is taxed, whatever the rate.
    pub taxed: i64,
    pub version: i64,
    /// The transaction that wrote it last.
    pub written_by: String,
}

/// A row of `shipments`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Shipment {
    pub order_id: String,
    pub status: String,
    pub fee: i64,
}

/// A row of `pickup_slots`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Slot {
    pub store_id: String,
    pub starts_at: String,
    pub taken: i64,
    pub capacity: i64,
}

/// A row of `returns` of order's.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Return {
    pub id: String,
    pub order_id: String,
    pub state: String,
    pub amount: i64,
    /// What of it is for having had it brought.
    pub fee: i64,
    /// Whether a person settled one of its steps, so that what follows from it is that person's word.
    pub by_hand: bool,
}

/// A row of `return_lines`, with what was ordered.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct ReturnedLine {
    pub return_id: String,
    pub line: i64,
    pub quantity: i64,
    pub amount: i64,
    pub goods: String,
    pub variation_id: String,
    pub option_ids: Vec<String>,
}

/// A row of `order_lines` of which something came back.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct OrderLine {
    pub order_id: String,
    pub line: i64,
    pub quantity: i64,
    pub cost: i64,
    pub returned: i64,
    pub refunded: i64,
}

/// A row of `sales`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Sold {
    pub order_id: String,
    pub version: i64,
    pub store_id: String,
    pub checkout: String,
    pub currency: String,
    pub gross: i64,
    pub discount: i64,
    /// What it costs to have it brought.
    pub delivery: i64,
    pub tip: i64,
    pub total: i64,
    /// What is taxed, whatever the rate.
    pub taxed: i64,
    /// What its lines cost together.
    pub lines: i64,
}

/// A row of `sales_returns`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct GivenBack {
    pub return_id: String,
    pub order_id: String,
    pub amount: i64,
    /// What is taxed, whatever the rate.
    pub taxed: i64,
    /// What its lines are given for together.
    pub lines: i64,
    /// What is given for having had it brought.
    pub delivery: i64,
}

/// A row of `refunds` of order's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Refund {
    pub id: String,
    pub order_id: String,
    pub amount: i64,
    pub cause: String,
}

/// A row of `returns` of payment's, with the operation that it stands for.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct ReturnRefund {
    pub return_id: String,
    pub order_id: String,
    pub amount: i64,
    pub state: String,
}

/// A row of `variation_recipes` or `option_recipes`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Recipe {
    pub id: String,
    pub item_id: String,
    pub quantity: i64,
}

/// A row of `checkouts`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Checkout {
    pub order_id: String,
    pub state: String,
    pub direction: String,
    pub step: String,
    /// Whether a person settled it, so that what follows from it is that person's word.
    pub by_hand: bool,
}

/// A row of `order_history`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Transition {
    pub order_id: String,
    pub version: i64,
    /// Microseconds of the epoch.
    pub at: i64,
    pub actor: String,
    pub axis: String,
    pub from_status: Option<String>,
    pub to_status: String,
    /// Hexadecimal.
    pub hash: String,
    /// The transaction that wrote it.
    pub written_by: String,
}

/// A row of `history_seals`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Seal {
    pub seal: i64,
    /// Microseconds of the epoch.
    pub at: i64,
    pub orders: Vec<String>,
    pub versions: Vec<i64>,
    /// Hexadecimal.
    pub digest: String,
}

/// A row of `payments`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Payment {
    pub id: String,
    pub order_id: String,
    pub method: String,
    pub status: String,
    pub currency: String,
    pub amount: i64,
    pub captured: i64,
    pub refunded: i64,
}

/// A row of `operations`, with the order that it is for.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Operation {
    pub id: String,
    pub payment_id: String,
    pub order_id: String,
    pub kind: String,
    pub provider_key: Option<String>,
    pub provider_id: Option<String>,
    pub amount: i64,
    pub state: String,
    /// Whether staff gave it, rather than the saga.
    pub by_staff: bool,
    /// Whether a return stands for it.
    pub of_return: bool,
}

/// A row of `ledger`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Entered {
    pub transaction_id: String,
    pub payment_id: String,
    pub account: String,
    pub amount: i64,
    pub currency: String,
}

/// A line of the provider's books: an operation, not a webhook.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the names of the line")]
pub struct Booked {
    pub id: String,
    pub kind: String,
    pub reference: String,
    #[serde(deserialize_with = "minor_units")]
    pub amount: i64,
    pub status: String,
}

/// A row of payment's `divergences` that is mended or settled.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct DealtWith {
    pub reference: String,
}

/// A row of `levels`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Level {
    pub store_id: String,
    pub item_id: String,
    pub initial: i64,
    pub received: i64,
    pub restocked: i64,
    pub adjusted: i64,
    pub available: i64,
    pub reserved: i64,
    pub sold: i64,
    pub wasted: i64,
}

/// The sum of the rows of `movements` that agree in all but quantity.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Movement {
    pub store_id: String,
    pub item_id: String,
    pub order_id: Option<String>,
    /// Of which return, if goods came back after they were handed over.
    pub return_id: Option<String>,
    pub kind: String,
    pub quantity: i64,
}

/// A row of `reservations`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Reservation {
    pub order_id: String,
    pub store_id: Option<String>,
    pub status: String,
    pub items: Vec<String>,
    pub quantities: Vec<i64>,
}

/// How many events a service has not published.
#[derive(Clone, Debug, Deserialize)]
pub struct Waiting {
    /// The service.
    pub app: String,
    /// How many.
    pub events: usize,
}

/// A row of `inbox.messages`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Admission {
    /// The service that admitted it.
    pub app: String,
    pub source: String,
    pub id: String,
}

/// A row of `inbox.dead_letters`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct DeadLetter {
    /// The service that gave it up.
    pub app: String,
    pub source: String,
    pub event_id: String,
    pub redriven: bool,
}

/// A published event.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the names of the envelope")]
pub struct Event {
    pub id: String,
    pub source: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub subject: String,
    #[serde(deserialize_with = "number")]
    pub sequence: i64,
    #[serde(default)]
    pub data: Value,
}

/// How much was searched.
#[derive(Clone, Copy, Debug, Default)]
pub struct Searched {
    /// Files of logs.
    pub logs: usize,
    /// Messages of topics.
    pub messages: usize,
    /// Columns of tables.
    pub columns: usize,
    /// Secrets looked for.
    pub secrets: usize,
}

/// A secret where none may be. It does not hold the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// Which secret.
    pub secret: String,
    /// In which log, topic, column or cache.
    pub place: String,
}

/// A number, or one written as text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = || value.as_str()?.parse().ok();
    value
        .as_i64()
        .or_else(text)
        .ok_or_else(|| serde::de::Error::custom(format!("no number: {value}")))
}

/// An amount by itself, or with its currency beside it.
fn minor_units<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    value
        .as_i64()
        .or_else(|| value["amount"].as_i64())
        .ok_or_else(|| serde::de::Error::custom(format!("no amount: {value}")))
}
