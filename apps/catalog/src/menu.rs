//! What a store is and what it sells: plain data, read from the database and never changed in memory.
//!
//! Invariant: a `Menu` holds only what its store offers: every variation and option in it has a price there, every
//! product at least one variation and a tax rate. All amounts are minor units of the store's one currency, tax included.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::money::Currency;
use uuid::Uuid;

use crate::photo::Photo;

macro_rules! id {
    ($name:ident, $of:literal) => {
        #[doc = concat!("Identifies ", $of, ".")]
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, sqlx::Type,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);
    };
}

id!(StoreId, "a store");
id!(CategoryId, "a category");
id!(ProductId, "a product");
id!(VariationId, "a variation: what is ordered and priced");
id!(GroupId, "an option group");
id!(OptionId, "an option");

/// A shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Its id.
    pub id: StoreId,
    /// The name on the sign.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// Town.
    pub city: String,
    /// IANA zone its hours are meant in.
    pub timezone: String,
    /// The currency of every price there.
    pub currency: Currency,
}

/// Everything one store sells, at one version.
#[derive(Debug, Clone)]
pub struct Menu {
    /// The store.
    pub store: Store,
    /// Grows with every change to anything below.
    pub version: i64,
    /// The next planned price takes effect then, and this menu is not the store's any more.
    pub good_until: Option<DateTime<Utc>>,
    /// In the order they are shown.
    pub categories: Vec<Category>,
}

/// A heading of the menu.
#[derive(Debug, Clone)]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// The heading.
    pub name: String,
    /// In the order they are shown; never empty.
    pub products: Vec<Product>,
}

/// A drink, a dish or a bag of beans.
#[derive(Debug, Clone)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// Slug of the picture a client draws.
    pub image: String,
    /// Shown in its place.
    pub photo: Option<Photo>,
    /// Short names, such as `milk`.
    pub allergens: Vec<String>,
    /// The store's rate for it, in basis points.
    pub tax_rate_bp: u16,
    /// Sizes or portions, in the order they are shown; never empty.
    pub variations: Vec<Variation>,
    /// Choices that apply to every variation.
    pub option_groups: Vec<Arc<OptionGroup>>,
}

/// One size or portion of a product.
#[derive(Debug, Clone)]
pub struct Variation {
    /// Its id.
    pub id: VariationId,
    /// Its name, such as "Large".
    pub name: String,
    /// Price of one, before options.
    pub price: i64,
}

/// A choice among options.
#[derive(Debug, Clone)]
pub struct OptionGroup {
    /// Its id.
    pub id: GroupId,
    /// What is chosen, such as "Milk".
    pub name: String,
    /// At least so many options must be chosen.
    pub min: u16,
    /// At most so many may be.
    pub max: u16,
    /// In the order they are shown.
    pub options: Vec<MenuOption>,
}

/// One option of a group.
#[derive(Debug, Clone)]
pub struct MenuOption {
    /// Its id.
    pub id: OptionId,
    /// Its name.
    pub name: String,
    /// Added to the variation's price.
    pub price: i64,
    /// Chosen until the customer chooses otherwise.
    pub default: bool,
}

impl Menu {
    /// The product and variation on offer under an id. A scan: a menu has dozens of variations, not thousands.
    #[must_use]
    pub fn variation(&self, id: VariationId) -> Option<(&Product, &Variation)> {
        self.categories
            .iter()
            .flat_map(|category| &category.products)
            .find_map(|product| {
                let variation = product.variations.iter().find(|it| it.id == id)?;
                Some((product, variation))
            })
    }
}
