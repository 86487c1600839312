//! Consumed events: of each, the fields that are used here.
//!
//! Invariant: a field that an old event lacks has a default, because a topic is read from its first event on.

use serde::Deserialize;
use service::money::Money;

use crate::payment::{OrderId, StoreId};

/// The type that is acted on; all others of the topic are only acknowledged.
pub const ORDER_COMPLETED: &str = "order.completed.v1";

/// `order.completed.v1`: an order was handed over and paid for.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct OrderCompleted {
    /// Which.
    pub order_id: OrderId,
    /// At which store.
    pub store_id: StoreId,
    /// What was paid.
    pub total: Money,
    /// How.
    #[serde(default)]
    pub payment: OrderPayment,
}

/// How an order was paid.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct OrderPayment {
    /// By which method.
    pub method: OrderMethod,
}

/// A method, as orders name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderMethod {
    /// At the counter. The first orders knew no other method and did not name it.
    #[default]
    Counter,
    /// Any other: the money has come another way.
    #[serde(other)]
    Elsewhere,
}
