//! Bringing an order to a door: what it costs, where to, and where its courier is.
//!
//! Invariant: an address is in what a customer sends and in what shipping answers about it, never in an order.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Money;

/// Where something is brought. Never printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Whose door it is.
    pub name: String,
    /// The street and the number.
    pub street: String,
    /// What else helps to find it, such as a floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<String>,
    /// The postcode, as its country writes it.
    pub postcode: String,
    /// The town.
    pub city: String,
    /// The country: two capital letters.
    pub country: String,
    /// Where the courier may ring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// What the courier should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Address(…)")
    }
}

/// Body of `POST /api/delivery-quotes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskDelivery {
    /// From which store.
    pub store_id: Uuid,
    /// Where to.
    pub address: Address,
}

/// What it costs to bring something there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryQuote {
    /// What it costs, tax included.
    pub fee: Money,
    /// How long it takes from the order to the door.
    pub minutes: u32,
}

/// How an order is to be brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceDelivery {
    /// Where to.
    pub address: Address,
    /// What it costs, as it was shown; for another fee it is not ordered.
    pub fee: Money,
}

/// How an order is brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What it costs, contained in the order's total.
    pub fee: Money,
    /// How long it takes from the order to the door.
    pub minutes: u32,
    /// Where its courier is.
    pub courier: Courier,
}

/// Where the courier of an order is. The order of the variants is that of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Courier {
    /// Looked for.
    Awaited,
    /// Found; comes for it.
    Booked,
    /// On the way with it.
    Dispatched,
    /// Has handed it over at the door.
    Delivered,
    /// None was found, or it came back to the shop.
    Failed,
    /// Somewhere that this version does not know yet.
    #[serde(other)]
    Elsewhere,
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn an_address_is_never_printed() {
        let address = Address {
            name: "canary".into(),
            street: "canary".into(),
            ..Address::default()
        };
        let printed = format!("{address:?}");
        assert!(!printed.contains("canary"), "{printed}");
    }
}
