//! The JSON that the BFF and the web client exchange under `/api`.
//!
//! Invariant: nothing but data is here, and what follows from data alone. No I/O, no clock, no randomness, so it builds for wasm32 as it does natively.

mod basket;
mod delivery;
mod live;
mod menu;
mod money;
mod order;
mod pickup;
mod problem;
mod quote;
mod returns;
mod session;
#[cfg(test)]
mod wire_tests;

pub use basket::{
    Basket, Favourite, Favourites, LONGEST_NAME, MOST_FAVOURITES, MOST_LINES, MOST_OF_ONE,
    MOST_OPTIONS,
};
pub use delivery::{Address, AskDelivery, Courier, Delivery, DeliveryQuote, PlaceDelivery};
pub use live::{OrderChange, Standing, event};
pub use menu::{
    Category, Menu, MenuOption, OptionGroup, Photo, Product, Rendition, Store, Variation,
};
pub use money::Money;
pub use order::{
    Advance, Axis, CardToken, Checkout, ChosenOption, Discount, Fulfilment, HistoryEntry, Order,
    OrderLine, Payment, PaymentMethod, PaymentStatus, PlaceLine, PlaceOrder, PlacePayment, Reason,
    TaxLine,
};
pub use pickup::{Pickup, PickupKind, Slot, Slots};
pub use problem::{FieldProblem, Problem};
pub use quote::{AskQuote, Quote};
pub use returns::{Rejection, Return, ReturnLine, ReturnReason, ReturnState};
pub use session::{Session, User};

use serde::{Deserialize, Serialize};

/// Every unsafe request under `/api` carries this header with the value [`REQUEST_HEADER_VALUE`]; a cross-site form cannot.
pub const REQUEST_HEADER: &str = "x-crema-request";
/// The only accepted value of [`REQUEST_HEADER`].
pub const REQUEST_HEADER_VALUE: &str = "1";
/// One random value per order the customer means to place, repeated on every retry of that order.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// One page of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows of this page, in the collection's own order.
    pub items: Vec<T>,
    /// Opaque value for `?cursor=` that gives the next page; `None` on the last.
    pub next: Option<String>,
}
