//! Receipts and credit notes: what was bought, or came back, as a document for the customer. No IO.
//!
//! Invariant: a document is made of what was stored when it happened, so it says the same for ever; only what was given
//! back since is added to a receipt: all of it, as credit notes that it names and as amounts that no other document tells.

pub mod text;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::Serialize;
use service::clock::rfc3339;
use service::money::Money;

use crate::order::{self, Discount, Order, OrderId, PaymentMethod, PaymentStatus, StoreId, Tax};
use crate::refund::{Cause, Refund};
use crate::returns::{self, Return, State, allot};

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ReceiptKind")]
pub enum Kind {
    /// Of what was bought.
    Receipt,
    /// Of what came back.
    CreditNote,
}

/// A document. Its JSON is what the service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Receipt {
    /// What it is.
    pub kind: Kind,
    /// Its number: unique within the store. The store's day, the order's number and, of a credit note, the return's.
    pub number: String,
    /// Of which order.
    pub order_id: OrderId,
    /// Where.
    pub store_id: StoreId,
    /// The store's name at that time.
    pub store_name: String,
    /// When it was ordered, or came back.
    #[serde(with = "rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub at: DateTime<Utc>,
    /// The same on the store's own clock, with its offset.
    pub local_time: String,
    /// What was bought, or came back.
    pub lines: Vec<ReceiptLine>,
    /// What was taken off a receipt's lines; a credit note's lines are less it already.
    pub discount: Option<Discount>,
    /// For what it was brought, or what of that came back; null if it was fetched, or nothing did.
    pub delivery: Option<Money>,
    /// What was given on top; null if nothing was.
    pub tip: Option<Money>,
    /// What was paid, or given back.
    pub total: Money,
    /// The tax contained in `total`, by rate; there is none in a tip.
    pub tax: Vec<ReceiptTax>,
    /// How it was paid.
    pub method: PaymentMethod,
    /// What was given back of a receipt since.
    pub given_back: Vec<GivenBack>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReceiptLine {
    /// What, with its options.
    pub name: String,
    /// How many; none if a part of the price was given back.
    pub quantity: i32,
    /// For all of them.
    pub amount: Money,
    /// The tax contained in it, in hundredths of a per cent.
    pub tax_rate_bp: i32,
}

/// The tax for one rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReceiptTax {
    /// The rate, in hundredths of a per cent.
    pub rate_bp: i32,
    /// What it is contained in.
    pub gross: Money,
    /// How much it is.
    pub tax: Money,
    /// `gross` without it.
    pub net: Money,
}

/// What was given back of a receipt: a credit note, or an amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GivenBack {
    /// The credit note's number; null of an amount, which has no other document.
    pub number: Option<String>,
    /// When.
    #[serde(with = "rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub at: DateTime<Utc>,
    /// The same on the store's own clock, with its offset.
    pub local_time: String,
    /// How much.
    pub amount: Money,
    /// The tax contained in `amount`, by rate.
    pub tax: Vec<ReceiptTax>,
    /// Why, as far as it is known: null if staff gave the amount, and said why in words that stay in the house.
    pub reason: Option<Why>,
}

/// Why something was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "GivenBackReason")]
pub enum Why {
    /// It came back.
    Return(returns::Reason),
    /// The order was cancelled.
    Order(order::Reason),
}

impl Receipt {
    /// Of an order that was paid, with those of its returns that are done and what else was given back.
    #[must_use]
    pub fn of_order(
        order: &Order,
        zone: Tz,
        returns: &[Return],
        refunds: &[Refund],
    ) -> Option<Self> {
        let is_paid = matches!(
            order.payment.status,
            PaymentStatus::Captured | PaymentStatus::Refunded
        );
        if !is_paid {
            return None;
        }
        let lines = order.lines.iter().map(|line| ReceiptLine {
            name: name(line),
            quantity: line.quantity,
            amount: line.line_total,
            tax_rate_bp: line.tax_rate_bp,
        });
        Some(Self {
            kind: Kind::Receipt,
            number: number(order),
            order_id: order.id,
            store_id: order.store_id,
            store_name: order.store_name.clone(),
            at: order.placed_at,
            local_time: local(order.placed_at, zone),
            lines: lines.collect(),
            discount: order.discount.clone(),
            delivery: order.delivery.map(|delivery| delivery.fee),
            tip: Some(order.tip).filter(|tip| tip.amount > 0),
            total: order.total,
            tax: order.tax.iter().map(ReceiptTax::from).collect(),
            method: order.payment.method,
            given_back: given_back(order, zone, returns, refunds),
        })
    }

    /// Of a return that is done.
    #[must_use]
    pub fn of_return(order: &Order, zone: Tz, it: &Return) -> Option<Self> {
        if it.state != State::Done {
            return None;
        }
        let at = it.ended_at?;
        let lines = it.lines.iter().map(|line| ReceiptLine {
            name: name(&line.ordered),
            quantity: line.quantity,
            amount: line.amount,
            tax_rate_bp: line.ordered.tax_rate_bp,
        });
        Some(Self {
            kind: Kind::CreditNote,
            number: number_of_return(order, it),
            order_id: order.id,
            store_id: order.store_id,
            store_name: order.store_name.clone(),
            at,
            local_time: local(at, zone),
            lines: lines.collect(),
            discount: None,
            delivery: it.fee,
            tip: None,
            total: it.amount,
            tax: it.tax.iter().map(ReceiptTax::from).collect(),
            method: order.payment.method,
            given_back: Vec::new(),
        })
    }
}

/// What was given back of an order, oldest first. A return has a tax of its own, by its lines; an amount has that of what
/// was left at its time.
fn given_back(order: &Order, zone: Tz, returns: &[Return], refunds: &[Refund]) -> Vec<GivenBack> {
    let done = returns.iter().filter(|it| it.state == State::Done);
    let done = done.filter_map(|it| Some((it.ended_at?, it.amount, Given::Return(it))));
    let refunds = refunds
        .iter()
        .map(|it| (it.at, it.amount, Given::Amount(it.cause)));
    let mut all: Vec<_> = done.chain(refunds).collect();
    // Stable: of one instant the returns come first.
    all.sort_by_key(|(at, ..)| *at);
    let mut before: Vec<Tax> = Vec::new();
    let all = all.into_iter().map(|(at, amount, given)| {
        let (number, tax, reason) = match given {
            Given::Return(it) => (
                Some(number_of_return(order, it)),
                it.tax.clone(),
                Some(Why::Return(it.reason)),
            ),
            Given::Amount(cause) => (
                None,
                allot::tax_of_amount(&order.tax, &before, amount.amount),
                order
                    .reason
                    .filter(|_| cause == Cause::Undone)
                    .map(Why::Order),
            ),
        };
        before.extend(tax.iter().cloned());
        GivenBack {
            number,
            at,
            local_time: local(at, zone),
            amount,
            tax: tax.iter().map(ReceiptTax::from).collect(),
            reason,
        }
    });
    all.collect()
}

/// Something that was given back.
enum Given<'a> {
    Return(&'a Return),
    Amount(Cause),
}

impl From<&Tax> for ReceiptTax {
    fn from(tax: &Tax) -> Self {
        Self {
            rate_bp: tax.rate_bp,
            gross: tax.gross,
            tax: tax.tax,
            net: Money::new(tax.gross.amount - tax.tax.amount, tax.gross.currency),
        }
    }
}

fn number(order: &Order) -> String {
    format!("{}/{}", order.business_day, order.number)
}

fn number_of_return(order: &Order, it: &Return) -> String {
    format!("{}/R{}", number(order), it.number)
}

fn local(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone)
        .to_rfc3339_opts(SecondsFormat::Secs, false)
}

fn name(line: &crate::order::Line) -> String {
    let options = line.options.iter().map(|option| option.name.as_str());
    let parts = [line.product.as_str(), line.variation.as_str()];
    parts
        .into_iter()
        .chain(options)
        .collect::<Vec<_>>()
        .join(", ")
}
