//! What can be done about returns, one file per operation, and how a return is shown.
//!
//! Invariant: who sees the order sees its returns; what staff says of them, and who, is staff's alone.

pub mod approve;
pub mod ask;
pub mod get;
pub mod list;
pub mod manual;
pub mod reject;
pub mod retry;
pub mod settle;
pub mod waiting;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use service::clock::rfc3339;
use service::money::Money;

use crate::order::{OrderId, StoreId, Tax};
use crate::returns::{Goods, Reason, Return, ReturnId, State};

/// A return as it is shown.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Return")]
pub struct View {
    /// Its id.
    pub id: ReturnId,
    /// The order's number and the how manieth return of it this is, such as `A-042-R1`.
    pub number: String,
    /// Of which order.
    pub order_id: OrderId,
    /// Where.
    pub store_id: StoreId,
    /// How far it has come.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// What.
    pub lines: Vec<LineView>,
    /// What is given for having had it brought; null if nothing is.
    pub delivery_fee: Option<Money>,
    /// What is given for all of it.
    pub amount: Money,
    /// The tax contained in `amount`.
    pub tax: Vec<Tax>,
    /// When it was asked for.
    #[serde(with = "rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub asked_at: DateTime<Utc>,
    /// When it was done or rejected.
    #[serde(serialize_with = "optional_instant")]
    pub ended_at: Option<DateTime<Utc>>,
    /// What staff knows besides.
    #[serde(flatten)]
    pub staffs: Option<StaffsView>,
}

/// One line of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ReturnLine")]
pub struct LineView {
    /// The line's place in the order, from 1.
    pub line: i32,
    /// The product's name.
    pub product: String,
    /// The variation's name.
    pub variation: String,
    /// How many; none if only a part of the price is given back.
    pub quantity: i32,
    /// What is given for it.
    pub amount: Money,
    /// Where the goods are afterwards.
    pub goods: Goods,
}

/// What staff and operators are shown of a return besides.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ReturnForStaff")]
pub struct StaffsView {
    /// What was said of it.
    pub note: Option<String>,
    /// Who asked for it.
    pub asked_by: String,
    /// Who let it go on, or did not.
    pub decided_by: Option<String>,
    /// When.
    #[serde(serialize_with = "optional_instant")]
    pub decided_at: Option<DateTime<Utc>>,
    /// What the last step in vain met.
    pub last_error: Option<String>,
}

impl View {
    /// What everybody sees who sees the order.
    #[must_use]
    pub fn of(it: Return) -> Self {
        let lines = it.lines.into_iter().map(|line| LineView {
            line: line.line,
            product: line.ordered.product,
            variation: line.ordered.variation,
            quantity: line.quantity,
            amount: line.amount,
            goods: line.goods,
        });
        Self {
            id: it.id,
            number: format!("{}-R{}", it.order_number, it.number),
            order_id: it.order_id,
            store_id: it.store_id,
            state: it.state,
            reason: it.reason,
            lines: lines.collect(),
            delivery_fee: it.fee,
            amount: it.amount,
            tax: it.tax,
            asked_at: it.asked_at,
            ended_at: it.ended_at,
            staffs: None,
        }
    }

    /// What staff and operators see.
    #[must_use]
    pub fn for_staff(it: Return) -> Self {
        let staffs = StaffsView {
            note: it.note.clone(),
            asked_by: it.asked_by.clone(),
            decided_by: it.decided_by.clone(),
            decided_at: it.decided_at,
            last_error: it.last_error.clone(),
        };
        Self {
            staffs: Some(staffs),
            ..Self::of(it)
        }
    }
}

#[expect(clippy::ref_option, reason = "serde calls it with the field as it is")]
fn optional_instant<S: serde::Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => rfc3339::serialize(at, serializer),
        None => serializer.serialize_none(),
    }
}
