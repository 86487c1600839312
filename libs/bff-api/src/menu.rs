//! Stores and what they sell. Prices here are for display: the catalog prices an order again when it is placed.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Money;

/// A shop a customer can order from (`GET /api/stores`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    /// Identifies the store in every other path.
    pub id: Uuid,
    /// Name on the sign.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// Town.
    pub city: String,
    /// IANA zone in which the store's hours are meant.
    pub timezone: String,
    /// ISO 4217 code of every price there.
    pub currency: String,
}

/// Everything one store sells (`GET /api/stores/{id}/menu`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Menu {
    /// The store whose menu this is.
    pub store_id: Uuid,
    /// ISO 4217 code of every price in it.
    pub currency: String,
    /// Shown in this order.
    pub categories: Vec<Category>,
}

/// A heading of the menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Stable id.
    pub id: Uuid,
    /// Shown as the heading.
    pub name: String,
    /// Shown in this order.
    pub products: Vec<Product>,
}

/// A drink or dish, sold in one or more variations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Stable id.
    pub id: Uuid,
    /// Shown name.
    pub name: String,
    /// One or two sentences.
    pub description: String,
    /// Slug of the drawing the client shows, such as `flat-white`.
    pub image: String,
    /// The photograph that is shown in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Photo>,
    /// Allergens by their short names, such as `milk`.
    pub allergens: Vec<String>,
    /// At least one.
    pub variations: Vec<Variation>,
    /// Choices that apply to every variation.
    pub option_groups: Vec<OptionGroup>,
}

/// A photograph. Each of its renditions is read at `GET /images/{hash}`, and never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// The widest rendition's width, in pixels.
    pub width: u32,
    /// The widest rendition's height, in pixels: the others have the same shape.
    pub height: u32,
    /// From the narrowest to the widest.
    pub renditions: Vec<Rendition>,
}

/// One width of a photograph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendition {
    /// In pixels.
    pub width: u32,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub hash: String,
}

/// What is ordered and priced, such as the small size of a drink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variation {
    /// Named by an order line.
    pub id: Uuid,
    /// Shown name, such as "Small".
    pub name: String,
    /// Price of one, tax included, before options.
    pub price: Money,
    /// Whether the store has run out of it. The catalog does not know; the BFF fills it in from the inventory.
    #[serde(default)]
    pub sold_out: bool,
}

/// A choice among options, such as the milk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionGroup {
    /// Stable id.
    pub id: Uuid,
    /// Shown name.
    pub name: String,
    /// At least so many options must be chosen.
    pub min: u32,
    /// At most so many may be chosen.
    pub max: u32,
    /// Shown in this order.
    pub options: Vec<MenuOption>,
}

/// One option of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuOption {
    /// Named by an order line.
    pub id: Uuid,
    /// Shown name.
    pub name: String,
    /// Added to the variation's price; may be zero.
    pub price: Money,
    /// Chosen until the customer chooses otherwise.
    pub default: bool,
    /// Whether the store has run out of it, as with [`Variation::sold_out`].
    #[serde(default)]
    pub sold_out: bool,
}
