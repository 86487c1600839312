//! Menus in memory: the parsed menu for pricing, its rendered JSON for reading.
//!
//! Invariant: a menu is used under the version it was read with and before the next planned price takes effect;
//! [`Menus::current`] has compared that version with the database during the call, [`Menus::recent`] at most
//! [`TRUSTED_FOR`] before it.
//!
//! Why: the menu is the platform's hottest read and changes a few times a day. Reading it is three joins and some
//! 20 KB of JSON; the version is one look into a primary key. Even that look costs a good part of what an invocation
//! through two sidecars leaves, so a reader accepts an answer that is a second old. An order's price does not.

mod kept;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use service::clock::Clock;
use service::database;
use service::money::{Currency, Money};
use sqlx::PgPool;

use crate::error::Error;
use crate::hours::Hours;
use crate::menu::{CategoryId, GroupId, Menu, OptionId, ProductId, StoreId, VariationId};
use crate::photo::Photo;
use crate::rendered::Rendered;
use crate::store;
use kept::Kept;

/// Of how many stores the menu is kept. One takes some tens of KB as it was read and as it is answered; a chain with more
/// stores reads anew the menus of those that nobody asks for.
pub const MOST: usize = 256;

/// How long a reader relies on a version without asking the database again.
pub const TRUSTED_FOR: TimeDelta = TimeDelta::seconds(1);

/// A menu and the answer made of it.
#[derive(Debug)]
pub struct Snapshot {
    /// For pricing.
    pub menu: Menu,
    /// For picking up.
    pub hours: Hours,
    /// For reading.
    pub rendered: Rendered,
}

impl Snapshot {
    /// Whether no planned price has taken effect since it was read.
    fn is_good_at(&self, now: DateTime<Utc>) -> bool {
        self.menu.good_until.is_none_or(|until| now < until)
    }
}

/// The menus of the stores that were asked for last. Only stores that exist get a place.
#[derive(Debug)]
pub struct Menus {
    db: PgPool,
    clock: Clock,
    entries: Kept<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    snapshot: Arc<Snapshot>,
    checked: DateTime<Utc>,
}

impl Menus {
    /// No menu yet, and never those of more than `most` stores.
    #[must_use]
    pub fn new(db: PgPool, clock: Clock, most: usize) -> Self {
        Self {
            db,
            clock,
            entries: Kept::new(most),
        }
    }

    /// A store's menu, at most a second old.
    pub async fn recent(&self, store: StoreId) -> Result<Arc<Snapshot>, Error> {
        let now = self.clock.now();
        match self.entries.get(store) {
            Some(entry) if now - entry.checked < TRUSTED_FOR && entry.snapshot.is_good_at(now) => {
                Ok(entry.snapshot)
            }
            _ => self.current(store).await,
        }
    }

    /// A store's menu as the database has it now.
    pub async fn current(&self, store: StoreId) -> Result<Arc<Snapshot>, Error> {
        // Taken before the look: an answer that comes late must not count as fresh for longer.
        let checked = self.clock.now();
        let mut db = self.db.acquire().await?;
        let version = store::version(&mut db, store).await?;
        drop(db);
        let version = version.ok_or(Error::UnknownStore)?;
        let snapshot = match self.entries.get(store) {
            Some(entry)
                if entry.snapshot.menu.version == version && entry.snapshot.is_good_at(checked) =>
            {
                entry.snapshot
            }
            _ => Arc::new(self.read(store, checked).await?),
        };
        let entry = Entry {
            snapshot: Arc::clone(&snapshot),
            checked,
        };
        self.entries.put(store, entry);
        Ok(snapshot)
    }

    async fn read(&self, store: StoreId, at: DateTime<Utc>) -> Result<Snapshot, Error> {
        let mut snapshot = database::snapshot(&self.db).await?;
        let menu = store::menu(&mut snapshot, store, at).await?;
        let hours = store::hours::read(&mut snapshot, store).await?;
        snapshot.commit().await?;
        let menu = menu.ok_or(Error::UnknownStore)?;
        let hours = hours.ok_or(Error::UnknownStore)?;
        let rendered = Rendered::new(&MenuBody::from(&menu))?;
        Ok(Snapshot {
            menu,
            hours,
            rendered,
        })
    }
}

/// A menu as it is answered.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Menu")]
pub struct MenuBody<'a> {
    store_id: StoreId,
    currency: Currency,
    categories: Vec<CategoryBody<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Category")]
struct CategoryBody<'a> {
    id: CategoryId,
    name: &'a str,
    products: Vec<ProductBody<'a>>,
}

/// A product as it is answered.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Product")]
pub struct ProductBody<'a> {
    id: ProductId,
    name: &'a str,
    description: &'a str,
    image: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    photo: Option<&'a Photo>,
    allergens: &'a [String],
    variations: Vec<VariationBody<'a>>,
    option_groups: Vec<GroupBody<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Variation")]
struct VariationBody<'a> {
    id: VariationId,
    name: &'a str,
    price: Money,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OptionGroup")]
struct GroupBody<'a> {
    id: GroupId,
    name: &'a str,
    min: u16,
    max: u16,
    options: Vec<OptionBody<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Option")]
struct OptionBody<'a> {
    id: OptionId,
    name: &'a str,
    price: Money,
    default: bool,
}

impl<'a> From<&'a Menu> for MenuBody<'a> {
    fn from(menu: &'a Menu) -> Self {
        let currency = menu.store.currency;
        Self {
            store_id: menu.store.id,
            currency,
            categories: menu
                .categories
                .iter()
                .map(|category| CategoryBody {
                    id: category.id,
                    name: &category.name,
                    products: category
                        .products
                        .iter()
                        .map(|product| ProductBody::new(product, currency))
                        .collect(),
                })
                .collect(),
        }
    }
}

impl<'a> ProductBody<'a> {
    /// This product, priced in its store's currency.
    #[must_use]
    pub fn new(product: &'a crate::menu::Product, currency: Currency) -> Self {
        Self {
            id: product.id,
            name: &product.name,
            description: &product.description,
            image: &product.image,
            photo: product.photo.as_ref(),
            allergens: &product.allergens,
            variations: product
                .variations
                .iter()
                .map(|variation| VariationBody {
                    id: variation.id,
                    name: &variation.name,
                    price: Money::new(variation.price, currency),
                })
                .collect(),
            option_groups: product
                .option_groups
                .iter()
                .map(|group| GroupBody::new(group, currency))
                .collect(),
        }
    }
}

impl<'a> GroupBody<'a> {
    fn new(group: &'a crate::menu::OptionGroup, currency: Currency) -> Self {
        Self {
            id: group.id,
            name: &group.name,
            min: group.min,
            max: group.max,
            options: group
                .options
                .iter()
                .map(|option| OptionBody {
                    id: option.id,
                    name: &option.name,
                    price: Money::new(option.price, currency),
                    default: option.default,
                })
                .collect(),
        }
    }
}
