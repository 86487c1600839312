//! What payment gave back of an order and no return explains, as its events tell it. No IO.
//!
//! Invariant: payment's id of a refund is its name here too, so told twice it is one.

use chrono::{DateTime, Utc};
use service::money::Money;
use uuid::Uuid;

use crate::order::OrderId;

/// Identifies a refund, by payment's id of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct RefundId(pub Uuid);

/// What it was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Cause {
    /// A manager gave this amount back; why, payment knows alone.
    Amount,
    /// The order was undone.
    Undone,
}

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Its id.
    pub id: RefundId,
    /// Of which order.
    pub order: OrderId,
    /// How much.
    pub amount: Money,
    /// What for.
    pub cause: Cause,
    /// When.
    pub at: DateTime<Utc>,
}
