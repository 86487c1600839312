//! What a store taxes its goods at.
//!
//! Invariant: its own managers read and change it, all classes at once.

pub mod read;
pub mod replace;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fields::Rate;

/// What the rates are to be.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Of drinks made here, in basis points.
    pub drink: Rate,
    /// Of food.
    pub food: Rate,
    /// Of beans and what else is taken home.
    pub goods: Rate,
}

/// The rates as they are, in basis points.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TaxRates {
    /// Of drinks made here.
    pub drink: i32,
    /// Of food.
    pub food: i32,
    /// Of beans and what else is taken home.
    pub goods: i32,
    /// Grows with every edit.
    pub version: i64,
}
