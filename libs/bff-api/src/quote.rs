//! What an order would cost, and the right to order at that.
//!
//! Invariant: the quote is for exactly the lines that were asked for, and says nothing of the tip.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Discount, Money, PlaceLine};

/// Body of `POST /api/quotes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskQuote {
    /// Where it will be made.
    pub store_id: Uuid,
    /// 1 to 50 lines.
    pub lines: Vec<PlaceLine>,
    /// A code that may take something off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_code: Option<String>,
}

/// What it costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// What the code takes off.
    #[serde(default)]
    pub discount: Option<Discount>,
    /// What there is to pay, tax included.
    pub total: Money,
    /// Names this price when the order is placed.
    pub quote: String,
    /// Until when it does.
    pub expires_at: DateTime<Utc>,
}
