//! One file per operation: its wire types, its thin handler, its core.
//!
//! Invariant: a handler only translates; what an operation does is a function that knows no HTTP.

pub mod categories;
pub mod discounts;
pub mod hours;
pub mod images;
pub mod menu;
pub mod openings;
pub mod option_groups;
pub mod price_changes;
pub mod prices;
pub mod products;
pub mod quote;
pub mod search;
pub mod stores;
pub mod tax_rates;
