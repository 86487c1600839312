//! The headings of the menu.
//!
//! Invariant: they are the company's: every store shows those under which it sells something.

pub mod create;
pub mod delete;
pub mod list;
pub mod read;
pub mod replace;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fields::{Name, Position};
use crate::menu::CategoryId;

/// Where they are.
const COLLECTION: &str = "/v1/categories";

/// What a category is to be.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The heading, once in the catalogue.
    pub name: Name,
    /// Its place on the menu.
    pub position: Position,
}

/// A category as it is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "ManagedCategory")]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// The heading.
    pub name: String,
    /// Its place on the menu.
    pub position: i32,
    /// Grows with every edit.
    pub version: i64,
}
