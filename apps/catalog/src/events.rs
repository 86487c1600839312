//! What this service publishes on `catalog-events`: wire types, versioned by name.
//!
//! Invariant: of each subject the sequence rises with every event. A field is only ever added; anything else is a new
//! version beside the old one (`events/*.json` are the golden samples).

use chrono::{DateTime, Utc};
use serde::Serialize;
use service::ids::Ids;
use service::money::Money;
use uuid::Uuid;

use crate::menu::{CategoryId, GroupId, ProductId, StoreId};
use crate::photo::Photo;
use crate::price::{ItemKind, Price};
use crate::product::{Product, Variation};

/// The `CloudEvents` source of everything published here.
const SOURCE: &str = "/catalog";

/// What a change beside products and prices is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// A heading of the menu.
    Category,
    /// Choices that products share.
    OptionGroup,
    /// A store's tax rates.
    TaxRates,
}

#[derive(Serialize)]
struct ProductChanged<'a> {
    product_id: ProductId,
    category_id: CategoryId,
    name: &'a str,
    description: &'a str,
    image: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    photo: Option<&'a Photo>,
    allergens: &'a [String],
    tax_class: &'a str,
    option_group_ids: &'a [GroupId],
    variations: &'a [Variation],
    version: i64,
    #[serde(with = "service::clock::rfc3339")]
    occurred_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct ProductDeleted {
    product_id: ProductId,
    version: i64,
    #[serde(with = "service::clock::rfc3339")]
    occurred_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct PriceChanged {
    store_id: StoreId,
    item_id: Uuid,
    item: ItemKind,
    price: Option<Money>,
    version: i64,
    #[serde(with = "service::clock::rfc3339")]
    occurred_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct CatalogChanged {
    what: Changed,
    id: Uuid,
    store_id: Option<StoreId>,
    version: i64,
    #[serde(with = "service::clock::rfc3339")]
    occurred_at: DateTime<Utc>,
}

type Result = std::result::Result<outbox::Event, serde_json::Error>;

/// There is a new product.
pub fn product_created(product: &Product, ids: &Ids, now: DateTime<Utc>) -> Result {
    of_product("product.created.v1", product, ids, now)
}

/// A product is another than it was.
pub fn product_updated(product: &Product, ids: &Ids, now: DateTime<Utc>) -> Result {
    of_product("product.updated.v1", product, ids, now)
}

fn of_product(kind: &str, product: &Product, ids: &Ids, now: DateTime<Utc>) -> Result {
    let data = ProductChanged {
        product_id: product.id,
        category_id: product.category_id,
        name: &product.name,
        description: &product.description,
        image: &product.image,
        photo: product.photo.as_ref(),
        allergens: &product.allergens,
        tax_class: &product.tax_class,
        option_group_ids: &product.option_group_ids,
        variations: &product.variations,
        version: product.version,
        occurred_at: now,
    };
    let subject = product.id.0.to_string();
    event(kind, subject, product.version, &data, ids, now)
}

/// The product that had this version is no more.
pub fn product_deleted(
    product_id: ProductId,
    version: i64,
    ids: &Ids,
    now: DateTime<Utc>,
) -> Result {
    let version = version + 1;
    let data = ProductDeleted {
        product_id,
        version,
        occurred_at: now,
    };
    let subject = product_id.0.to_string();
    event("product.deleted.v1", subject, version, &data, ids, now)
}

/// What a store asks for an item since `since`. Its subject is `<store>:<item>`.
pub fn price_changed(store_id: StoreId, price: &Price, ids: &Ids, since: DateTime<Utc>) -> Result {
    let data = PriceChanged {
        store_id,
        item_id: price.item_id,
        item: price.item,
        price: price.price,
        version: price.version,
        occurred_at: since,
    };
    let subject = format!("{}:{}", store_id.0, price.item_id);
    event(
        "price.changed.v1",
        subject,
        price.version,
        &data,
        ids,
        since,
    )
}

/// Something else of the menu is other than it was: a store's, or all stores'.
pub fn catalog_changed(
    what: Changed,
    id: Uuid,
    store_id: Option<StoreId>,
    version: i64,
    ids: &Ids,
    now: DateTime<Utc>,
) -> Result {
    let data = CatalogChanged {
        what,
        id,
        store_id,
        version,
        occurred_at: now,
    };
    event(
        "catalog.changed.v1",
        id.to_string(),
        version,
        &data,
        ids,
        now,
    )
}

fn event(
    kind: &str,
    subject: String,
    sequence: i64,
    data: &impl Serialize,
    ids: &Ids,
    now: DateTime<Utc>,
) -> Result {
    Ok(outbox::Event {
        id: ids.next(),
        source: SOURCE.to_owned(),
        kind: kind.to_owned(),
        subject,
        sequence,
        time: now,
        data: serde_json::to_value(data)?,
    })
}
