//! The order itself: what was ordered, at which prices, and where it stands. No IO.
//!
//! Invariant: an order changes only by [`Order::take`], which raises its version by one and says what to record.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use service::money::Money;
use uuid::Uuid;

use crate::delivery::{Courier, Delivery};
use crate::lifecycle::{Checkout, Fulfilment, IllegalStep, Move, State, Step};
use crate::pickup::Pickup;

/// Identifies an order; UUIDv7, so that ids sort by the time of placing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct OrderId(pub Uuid);

/// Identifies a store of the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct StoreId(pub Uuid);

/// Identifies the person who ordered, by identity's `sub`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct CustomerId(pub Uuid);

/// The number that is called out: from 1 upwards, per store and day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type, JsonSchema)]
#[sqlx(transparent)]
#[schemars(into = "String", extend("pattern" = "^[A-Z]+-[0-9]{3}$"))]
pub struct OrderNumber(pub i32);

impl std::fmt::Display for OrderNumber {
    /// 1 is `A-001`, 999 is `A-999`, 1000 is `B-001`; after `Z` comes `AA`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let index = self.0.max(1).unsigned_abs() - 1;
        let mut series = index / 999;
        let mut letters = Vec::new();
        loop {
            letters.push(char::from(b'A' + u8::try_from(series % 26).unwrap_or(0)));
            if series < 26 {
                break;
            }
            series = series / 26 - 1;
        }
        for letter in letters.iter().rev() {
            write!(f, "{letter}")?;
        }
        write!(f, "-{:03}", index % 999 + 1)
    }
}

impl Serialize for OrderNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The day in which an order of this instant is numbered: the calendar day on the store's own clock.
#[must_use]
pub fn business_day(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// How an order is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PaymentMethod {
    /// In cash or by card at the counter, when the order is handed over.
    Counter,
    /// By card, before it is made.
    Card,
}

/// Whether we have the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Still owed.
    Due,
    /// Ours.
    Captured,
    /// It was ours and has been given back.
    Refunded,
    /// Nothing is owed any more, and nothing was taken.
    Void,
}

/// Why an order is, or will be, cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Reason {
    /// There is not enough of it.
    SoldOut,
    /// The card was refused.
    PaymentDeclined,
    /// The payment could not be made in time.
    PaymentUnavailable,
    /// The stock could not be reserved in time.
    StockUnavailable,
    /// The customer wished it.
    ByCustomer,
    /// The store wished it.
    ByStaff,
    /// An operator has undone it by hand.
    ByOperator,
    /// The customer's account was closed before anybody began to make it.
    AccountClosed,
    /// Nobody was found who brings it.
    NoCourier,
}

/// The payment of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Payment {
    /// How.
    pub method: PaymentMethod,
    /// Whether.
    pub status: PaymentStatus,
}

/// One line, with names and prices as they were when the order was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Line {
    /// What of the catalog.
    pub variation_id: Uuid,
    /// The product's name.
    pub product: String,
    /// The variation's name.
    pub variation: String,
    /// What was chosen with it.
    pub options: Vec<ChosenOption>,
    /// How many, at least 1.
    pub quantity: i32,
    /// The price of one, options included.
    pub unit_price: Money,
    /// `unit_price` × `quantity`.
    pub line_total: Money,
    /// Its share of what was taken off the order.
    pub discount: Money,
    /// The tax contained in the price, in hundredths of a per cent.
    #[serde(skip)]
    pub tax_rate_bp: i32,
}

/// One chosen option of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChosenOption {
    /// What of the catalog.
    pub id: Uuid,
    /// The group's name, such as "Milk".
    pub group: String,
    /// The option's name, such as "Oat".
    pub name: String,
    /// What it adds to the price of one.
    pub price: Money,
}

/// The tax contained in an order, for one rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tax {
    /// The rate, in hundredths of a per cent.
    pub rate_bp: i32,
    /// The lines' total at this rate, less their shares of the discount, and the fee for bringing it, if that is its rate.
    pub gross: Money,
    /// How much of it is tax.
    pub tax: Money,
}

/// What was taken off an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Discount {
    /// For which code.
    pub code: String,
    /// How much: the sum of the lines' shares.
    pub amount: Money,
}

/// What a new order is made of; all of it comes from the catalog's answer and shipping's but for the customer, the
/// method, the tip and when it is picked up.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The new order's id.
    pub id: OrderId,
    /// Who orders.
    pub customer: CustomerId,
    /// Where.
    pub store_id: StoreId,
    /// The store's name.
    pub store_name: String,
    /// The store's calendar day.
    pub business_day: NaiveDate,
    /// The number given out for that day.
    pub number: OrderNumber,
    /// When it is picked up.
    pub pickup: Pickup,
    /// How it will be paid.
    pub method: PaymentMethod,
    /// What, at least one line.
    pub lines: Vec<Line>,
    /// What was taken off them.
    pub discount: Option<Discount>,
    /// How it is brought; nothing if it is fetched.
    pub delivery: Option<Delivery>,
    /// What is given on top.
    pub tip: Money,
    /// The sum of the lines less the discount, the fee for bringing it and the tip.
    pub total: Money,
    /// The tax contained in it; there is none in the tip.
    pub tax: Vec<Tax>,
}

/// An order. Its JSON is what the service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// What is called out.
    pub number: OrderNumber,
    /// Who ordered. Everybody who may see the order knows it from elsewhere.
    #[serde(skip)]
    pub customer: CustomerId,
    /// Where.
    pub store_id: StoreId,
    /// The store's name at that time.
    pub store_name: String,
    /// The store's calendar day, in which `number` is unique.
    #[serde(skip)]
    pub business_day: NaiveDate,
    /// When.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub placed_at: DateTime<Utc>,
    /// When it is picked up.
    pub pickup: Pickup,
    /// First axis of its state.
    pub checkout: Checkout,
    /// Second axis of its state.
    pub fulfilment: Fulfilment,
    /// Its payment.
    pub payment: Payment,
    /// Why it is, or will be, cancelled.
    pub reason: Option<Reason>,
    /// What was ordered.
    pub lines: Vec<Line>,
    /// What was taken off, if anything was.
    pub discount: Option<Discount>,
    /// How it is brought, if it is; where to, shipping knows alone.
    pub delivery: Option<Delivery>,
    /// What was given on top, untaxed.
    pub tip: Money,
    /// What is paid: the lines less the discount, the fee for bringing them, and the tip.
    pub total: Money,
    /// The tax contained in `total`.
    pub tax: Vec<Tax>,
    /// How many transitions it has been through; its `ETag`.
    pub version: i64,
}

/// What one step did: one row of history, one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The step.
    pub step: Step,
    /// The order's version after it.
    pub version: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who caused it: a token's subject.
    pub actor: String,
    /// The axis it moved.
    pub moved: Move,
    /// The order's state after it.
    pub state: State,
    /// The order's payment after it.
    pub payment: Payment,
    /// Why the order is, or will be, cancelled, if it is.
    pub reason: Option<Reason>,
}

impl Order {
    /// The first transition: an order comes into being.
    pub fn place(
        draft: Draft,
        actor: &str,
        at: DateTime<Utc>,
    ) -> Result<(Self, Transition), IllegalStep> {
        let state = Step::Place.from(None)?;
        let order = Self {
            id: draft.id,
            number: draft.number,
            customer: draft.customer,
            store_id: draft.store_id,
            store_name: draft.store_name,
            business_day: draft.business_day,
            placed_at: at,
            pickup: draft.pickup,
            checkout: state.checkout,
            fulfilment: state.fulfilment,
            payment: Payment {
                method: draft.method,
                status: PaymentStatus::Due,
            },
            reason: None,
            lines: draft.lines,
            discount: draft.discount,
            delivery: draft.delivery,
            tip: draft.tip,
            total: draft.total,
            tax: draft.tax,
            version: 1,
        };
        let transition = order.transition(Step::Place, None, actor, at);
        Ok((order, transition))
    }

    /// Takes one step, or says that it is illegal.
    pub fn take(
        self,
        step: Step,
        actor: &str,
        at: DateTime<Utc>,
    ) -> Result<(Self, Transition), IllegalStep> {
        let from = self.state();
        let state = step.from(Some(from))?;
        let order = Self {
            checkout: state.checkout,
            fulfilment: state.fulfilment,
            payment: self.payment.after(step),
            version: self.version + 1,
            ..self
        };
        let transition = order.transition(step, Some(from), actor, at);
        Ok((order, transition))
    }

    /// The order with the reason why it is, or will be, cancelled; the next step tells it.
    #[must_use]
    pub fn because(self, reason: Reason) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }

    /// A pending order as its saga knows it: whether its money has been taken, and why it goes back. The next step
    /// tells both.
    #[must_use]
    pub fn as_far_as(self, captured: bool, reason: Option<Reason>) -> Self {
        let status = if captured {
            PaymentStatus::Captured
        } else {
            self.payment.status
        };
        Self {
            payment: Payment {
                status,
                ..self.payment
            },
            reason: reason.or(self.reason),
            ..self
        }
    }

    /// The order with its courier where it is now; of an order that is fetched there is none. No state of the order: its
    /// version stays, and the next step tells it.
    #[must_use]
    pub fn courier_at(self, courier: Courier) -> Self {
        Self {
            delivery: self.delivery.map(|it| Delivery { courier, ..it }),
            ..self
        }
    }

    fn transition(
        &self,
        step: Step,
        from: Option<State>,
        actor: &str,
        at: DateTime<Utc>,
    ) -> Transition {
        Transition {
            step,
            version: self.version,
            at,
            actor: actor.to_owned(),
            moved: Move::between(from, self.state()),
            state: self.state(),
            payment: self.payment,
            reason: self.reason,
        }
    }

    fn state(&self) -> State {
        State {
            checkout: self.checkout,
            fulfilment: self.fulfilment,
        }
    }
}

impl Payment {
    /// The payment after a step.
    fn after(self, step: Step) -> Self {
        let status = match (step, self.status) {
            // A card is charged before we take the order on; at the counter, handing over says that it was paid.
            (Step::Confirm, _) if self.method == PaymentMethod::Card => PaymentStatus::Captured,
            (Step::Complete, _) => PaymentStatus::Captured,
            (Step::Cancel | Step::Settle, PaymentStatus::Captured) => PaymentStatus::Refunded,
            (Step::Cancel | Step::Settle, _) => PaymentStatus::Void,
            (_, status) => status,
        };
        Self { status, ..self }
    }
}

#[cfg(test)]
mod tests;
