//! Returns: what of a completed order comes back, and what is given for it. No IO.
//!
//! Invariant: over all returns of an order no more comes back of a line than was ordered, and no more is given for it
//! than it cost; what a return is given for is computed here, from the order's own lines, when it is asked for.
//!
//! [`allot`] computes, [`process`] decides what is done next, [`calls`] asks the other services, [`runner`] drives.

pub mod allot;
pub mod calls;
pub mod handle;
pub mod process;
mod record;
pub mod runner;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::money::Money;
use uuid::Uuid;

use crate::lifecycle::Checkout;
use crate::order::{Line, Order, OrderId, OrderNumber, StoreId, Tax};
use crate::totals::Taxed;
use allot::Before;
use process::{Phase, Process};

/// The most lines of one return: as many as an order has.
pub const MOST_LINES: usize = 50;

/// Identifies a return; UUIDv7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct ReturnId(pub Uuid);

/// Why something comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schemars(rename = "ReturnReason")]
pub enum Reason {
    /// It is not what was ordered.
    WrongItem,
    /// It is not as good as it should be.
    Quality,
    /// It is broken or spilt.
    Damaged,
    /// It came too late.
    Late,
    /// The customer does not want it any more.
    ChangedMind,
    /// What the note says.
    Other,
}

impl Reason {
    /// The reason as it is written everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WrongItem => "wrong_item",
            Self::Quality => "quality",
            Self::Damaged => "damaged",
            Self::Late => "late",
            Self::ChangedMind => "changed_mind",
            Self::Other => "other",
        }
    }
}

/// Where the goods are afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Goods {
    /// Back in stock, to be sold again.
    Restocked,
    /// Thrown away.
    Wasted,
    /// With the customer.
    Kept,
}

/// How far a return has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schemars(rename = "ReturnState")]
pub enum State {
    /// A manager has to let it go on.
    Waiting,
    /// A manager did not: nothing was given, nothing came back.
    Rejected,
    /// Its money and its goods are on their way.
    Running,
    /// A person has to see to it.
    Manual,
    /// Its money was given and its goods are booked.
    Done,
}

/// What is wanted of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The line's place in the order, from 1.
    pub line: i32,
    /// How many of it, or what part of its price.
    pub what: What,
}

/// How much of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// So many pieces come back, or are given for.
    Units(i32, Goods),
    /// The goods stay with the customer, and so much of their price is given back.
    Part(Money),
}

/// Why nothing is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The order was not handed over and paid for.
    #[error("the order is not completed")]
    NotCompleted,
    /// The order has no such line, at this place of the wish.
    #[error("there is no such line")]
    NoSuchLine(usize),
    /// The line is there a second time, at this place of the wish.
    #[error("the line stands twice")]
    Twice(usize),
    /// More of the line than is left, at this place of the wish.
    #[error("more than is left of the line")]
    Exceeds(usize),
    /// It was fetched, or brought for nothing.
    #[error("the order has no fee")]
    NoFee,
    /// The fee is given back already.
    #[error("the fee was given back")]
    FeeGiven,
    /// Not the order's currency, at this place of the wish.
    #[error("not the order's currency")]
    Currency(usize),
}

/// One line of a return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnLine {
    /// The line's place in the order, from 1.
    pub line: i32,
    /// How many; none if only a part of the price is given back.
    pub quantity: i32,
    /// What is given for it.
    pub amount: Money,
    /// Where the goods are afterwards.
    pub goods: Goods,
    /// The line of the order, as it was ordered.
    pub ordered: Line,
}

/// A return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// Its id.
    pub id: ReturnId,
    /// Of which order.
    pub order_id: OrderId,
    /// What was called out for that order.
    pub order_number: OrderNumber,
    /// Where.
    pub store_id: StoreId,
    /// The how manieth of its order.
    pub number: i32,
    /// Why.
    pub reason: Reason,
    /// What staff says of it.
    pub note: Option<String>,
    /// What.
    pub lines: Vec<ReturnLine>,
    /// What is given for having had it brought, if it is.
    pub fee: Option<Money>,
    /// What is given for all of it.
    pub amount: Money,
    /// The tax contained in `amount`.
    pub tax: Vec<Tax>,
    /// How far it has come.
    pub state: State,
    /// What the last step in vain met.
    pub last_error: Option<String>,
    /// Who asked for it: a token's subject.
    pub asked_by: String,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// Who let it go on, or did not.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// When it was done or rejected.
    pub ended_at: Option<DateTime<Utc>>,
}

/// What there is of an order's returns that were not rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// How many returns the order ever had, rejected ones too.
    pub count: i32,
    /// What they are given for in all, in minor units.
    pub amount: i64,
    /// By line, from the first.
    pub lines: Vec<Before>,
    /// The tax contained in what they are given for.
    pub tax: Vec<Tax>,
    /// Whether the fee for bringing it is given back with one of them.
    pub fee: bool,
}

/// A wish of staff.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The new return's id.
    pub id: ReturnId,
    /// What of which lines; none if it is of the fee alone.
    pub lines: Vec<Wanted>,
    /// Whether the fee for bringing it is given back.
    pub fee: bool,
    /// Why.
    pub reason: Reason,
    /// What is to be said of it.
    pub note: Option<String>,
    /// Who wishes it: a token's subject.
    pub asked_by: String,
}

impl Return {
    /// A return of what is wished, given for what the order's own lines say.
    pub fn ask(
        order: &Order,
        earlier: &Earlier,
        wish: Wish,
        now: DateTime<Utc>,
    ) -> Result<Self, Refused> {
        if order.checkout != Checkout::Completed {
            return Err(Refused::NotCompleted);
        }
        let currency = order.total.currency;
        let mut lines: Vec<ReturnLine> = Vec::with_capacity(wish.lines.len());
        for (place, wanted) in wish.lines.iter().enumerate() {
            if lines.iter().any(|line| line.line == wanted.line) {
                return Err(Refused::Twice(place));
            }
            let index = usize::try_from(wanted.line).ok();
            let index = index.and_then(|line| line.checked_sub(1));
            let (ordered, before) = index
                .and_then(|index| {
                    let before = earlier.lines.get(index).copied().unwrap_or_default();
                    Some((order.lines.get(index)?, before))
                })
                .ok_or(Refused::NoSuchLine(place))?;
            let (quantity, goods, amount) = match wanted.what {
                What::Units(units, goods) => (units, goods, allot::units(ordered, before, units)),
                What::Part(part) if part.currency != currency => {
                    return Err(Refused::Currency(place));
                }
                What::Part(part) => (0, Goods::Kept, allot::part(ordered, before, part.amount)),
            };
            lines.push(ReturnLine {
                line: wanted.line,
                quantity,
                amount: Money::new(amount.ok_or(Refused::Exceeds(place))?, currency),
                goods,
                ordered: ordered.clone(),
            });
        }
        let fee = if wish.fee {
            Some(fee(order, earlier)?)
        } else {
            None
        };
        let goods: i64 = lines.iter().map(|line| line.amount.amount).sum();
        let amount = goods + fee.map_or(0, |fee| fee.gross.amount);
        Ok(Self {
            id: wish.id,
            order_id: order.id,
            order_number: order.number,
            store_id: order.store_id,
            number: earlier.count + 1,
            reason: wish.reason,
            note: wish.note,
            tax: allot::tax(&order.tax, &earlier.tax, &lines, fee),
            lines,
            fee: fee.map(|fee| fee.gross),
            amount: Money::new(amount, currency),
            state: State::Running,
            last_error: None,
            asked_by: wish.asked_by,
            asked_at: now,
            decided_by: None,
            decided_at: None,
            ended_at: None,
        })
    }

    /// The return, which a manager has to let go on first.
    #[must_use]
    pub fn waiting(self) -> Self {
        Self {
            state: State::Waiting,
            ..self
        }
    }

    /// Its process from the start.
    #[must_use]
    pub fn process(&self) -> Process {
        Process::begin(self.gives(), self.moves())
    }

    /// Whether there is money to give.
    #[must_use]
    pub fn gives(&self) -> bool {
        self.amount.amount > 0
    }

    /// Whether goods come back.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.lines.iter().any(|line| line.goods != Goods::Kept)
    }

    /// The return where its process stands.
    #[must_use]
    pub fn at(self, phase: Phase) -> Self {
        let state = match phase {
            Phase::Running(_) => State::Running,
            Phase::Manual(_) => State::Manual,
            Phase::Done => State::Done,
        };
        Self { state, ..self }
    }
}

/// What bringing an order cost, if it is still to be given back: all of it or nothing, since it was brought once.
fn fee(order: &Order, earlier: &Earlier) -> Result<Taxed, Refused> {
    let paid = order.delivery.filter(|it| it.fee.amount > 0);
    let delivery = paid.ok_or(Refused::NoFee)?;
    if earlier.fee {
        return Err(Refused::FeeGiven);
    }
    Ok(Taxed {
        gross: delivery.fee,
        rate_bp: delivery.tax_rate_bp,
    })
}

#[cfg(test)]
mod tests;
