//! What somebody says who orders.
//!
//! Invariant: there is no field for a price; what a person gives of herself, the tip, is bounded here, and the fee for
//! bringing it is what she was shown, not what she sets.

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::money::{Currency, Money};
use service::problem::Problem;

use crate::catalog::{QuoteToken, WantedLine};
use crate::order::{PaymentMethod, StoreId};
use crate::pickup::Wanted;
use crate::shipping::Address;

/// The highest tip in minor units: whoever gives more has slipped on a key.
const MOST_TIP: i64 = 10_000;

/// The body. It has no place for a price.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    /// Where.
    pub store_id: StoreId,
    /// What.
    pub lines: Vec<WantedLine>,
    /// The quote at whose prices, for these lines at this store; at those of the moment if unsaid, and never at others.
    /// Written only if it is said, as commands were before there were quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<QuoteToken>,
    /// How it will be paid.
    pub payment: PaymentChoice,
    /// What is given on top of the price, untaxed. Written only if it is said, as commands were before there were tips.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tip: Option<Money>,
    /// When it is picked up; `now` if unsaid. Written only if it is not, as commands were before there were slots.
    #[serde(default, skip_serializing_if = "Wanted::is_now")]
    pub pickup: Wanted,
    /// Where to and for how much it is brought; fetched if unsaid. Written only if it is said, as commands were before
    /// anything was brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryChoice>,
}

/// How an order is to be brought: paid by card, as soon as possible.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryChoice {
    /// Where to.
    pub address: Address,
    /// What it costs, as it was shown; for another fee it is not ordered.
    pub fee: Money,
}

/// An order that can't be brought like that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// Nobody stands at the counter to pay.
    #[error("what is brought is paid by card")]
    AtTheCounter,
    /// A slot is for fetching.
    #[error("what is brought is brought as soon as possible")]
    InASlot,
    /// The fee is of another currency than the order.
    #[error("is not the order's")]
    Currency,
}

impl From<DeliveryError> for Problem {
    fn from(error: DeliveryError) -> Self {
        let inconsistent = |pointer| {
            Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "inconsistent-fields",
                "The fields contradict each other",
            )
            .field(pointer, error.to_string())
        };
        match error {
            DeliveryError::AtTheCounter => inconsistent("/payment/method"),
            DeliveryError::InASlot => inconsistent("/pickup"),
            DeliveryError::Currency => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "currency-differs",
                "The order has another currency",
            )
            .field("/delivery/fee/currency", error.to_string()),
        }
    }
}

impl DeliveryChoice {
    /// The fee, which is of the order's currency.
    pub fn fee_in(&self, currency: Currency) -> Result<Money, DeliveryError> {
        if self.fee.currency == currency {
            Ok(self.fee)
        } else {
            Err(DeliveryError::Currency)
        }
    }
}

/// How an order will be paid.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentChoice {
    /// The method.
    pub method: PaymentMethod,
    /// What stands for the card at the payment provider. Written only to tell one command from another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<CardToken>,
}

/// What stands for a card: 1 to 255 visible ASCII characters. `Debug` hides it.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = 255, "pattern" = "^[!-~]+$"))]
pub struct CardToken(String);

impl CardToken {
    /// The token's text, to be stored for the saga and never logged.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for CardToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CardToken")
    }
}

impl TryFrom<String> for CardToken {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let usable =
            (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if usable {
            Ok(Self(text))
        } else {
            Err("a token is 1 to 255 visible ASCII characters")
        }
    }
}

/// A tip that is not taken, and which part of it is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TipError {
    /// It is of another currency than the order.
    #[error("the tip is not of the order's currency")]
    Currency,
    /// It is negative, or more than anybody gives.
    #[error("the tip is out of range")]
    Amount,
}

impl PlaceOrder {
    /// Whether it may be brought, if it is to be.
    pub fn check_delivery(&self) -> Result<(), DeliveryError> {
        if self.delivery.is_none() {
            Ok(())
        } else if self.payment.method != PaymentMethod::Card {
            Err(DeliveryError::AtTheCounter)
        } else if !self.pickup.is_now() {
            Err(DeliveryError::InASlot)
        } else {
            Ok(())
        }
    }

    /// The tip, in the order's currency; none is nothing.
    pub fn tip_in(&self, currency: Currency) -> Result<Money, TipError> {
        match self.tip {
            None => Ok(Money::new(0, currency)),
            Some(tip) if tip.currency != currency => Err(TipError::Currency),
            Some(tip) if !(0..=MOST_TIP).contains(&tip.amount) => Err(TipError::Amount),
            Some(tip) => Ok(tip),
        }
    }
}
