//! All SQL of this service; here what menus are read and seeds written with.
//!
//! Invariant: whoever reads a menu passes a transaction with one snapshot, so that the version and the rows belong
//! together; whoever writes relies on the database's triggers to count the version, and holds [`begin_edit`]'s lock.

pub mod categories;
pub mod discounts;
pub mod option_groups;
pub mod photos;
pub mod price_changes;
pub mod prices;
pub mod products;
pub mod search;
pub mod tax_rates;

pub mod hours;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use service::money::Currency;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::hours::Closures;
use crate::menu::{
    Category, CategoryId, GroupId, Menu, MenuOption, OptionGroup, OptionId, Product, ProductId,
    Store, StoreId, Variation, VariationId,
};
use crate::photo::{Kept, Photo};
use crate::seed::{Seed, SeedCategory, SeedGroup, SeedStore};

/// All stores, in the order they are shown.
pub async fn stores(db: &mut PgConnection) -> sqlx::Result<Vec<Store>> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: StoreId", name, street, city, timezone, currency FROM stores ORDER BY position"#
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Store {
                id: row.id,
                name: row.name,
                street: row.street,
                city: row.city,
                timezone: row.timezone,
                currency: currency(&row.currency)?,
            })
        })
        .collect()
}

/// The version of a store's menu, or `None` without such a store. One look into the primary key.
pub async fn version(db: &mut PgConnection, store: StoreId) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!("SELECT version FROM stores WHERE id = $1", store.0)
        .fetch_optional(db)
        .await
}

/// The currency of a store's prices, or `None` without such a store.
pub async fn currency_of(db: &mut PgConnection, store: StoreId) -> sqlx::Result<Option<Currency>> {
    let code = sqlx::query_scalar!("SELECT currency FROM stores WHERE id = $1", store.0)
        .fetch_optional(db)
        .await?;
    code.map(|code| currency(&code)).transpose()
}

/// Waits until no other edit of the catalogue is under way; none begins before the transaction ends.
///
/// Every edit counts the versions of all stores, so two at once would wait for each other's rows. They are rare.
pub async fn begin_edit(db: &mut PgConnection) -> sqlx::Result<()> {
    // "catalog" in ASCII. Such locks are per database.
    sqlx::query!("SELECT pg_advisory_xact_lock(x'636174616c6f67'::bigint)")
        .execute(db)
        .await?;
    Ok(())
}

/// A store's whole menu at an instant, or `None` without such a store.
pub async fn menu(
    db: &mut PgConnection,
    store: StoreId,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<Menu>> {
    let found = sqlx::query!(
        r#"SELECT id AS "id: StoreId", name, street, city, timezone, currency, version,
                  (SELECT min(takes_effect_at) FROM price_changes WHERE store_id = $1 AND takes_effect_at > $2)
                      AS good_until
           FROM stores WHERE id = $1"#,
        store.0,
        at
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = found else {
        return Ok(None);
    };
    let groups = option_groups(db, store, at).await?;
    let categories = categories(db, store, at, &groups).await?;
    Ok(Some(Menu {
        store: Store {
            id: row.id,
            name: row.name,
            street: row.street,
            city: row.city,
            timezone: row.timezone,
            currency: currency(&row.currency)?,
        },
        version: row.version,
        good_until: row.good_until,
        categories,
    }))
}

async fn categories(
    db: &mut PgConnection,
    store: StoreId,
    at: DateTime<Utc>,
    groups: &HashMap<Uuid, Arc<OptionGroup>>,
) -> sqlx::Result<Vec<Category>> {
    let rows = sqlx::query!(
        r#"SELECT c.id AS "category_id: CategoryId", c.name AS category,
                  p.id AS "product_id: ProductId", p.name AS product, p.description, p.image, p.allergens, t.rate_bp,
                  (SELECT json_agg(json_build_object('width', r.width, 'height', r.height, 'hash', r.hash) ORDER BY r.width)
                   FROM product_renditions r WHERE r.product_id = p.id) AS "photo: Json<Vec<Kept>>",
                  ARRAY(SELECT group_id FROM product_option_groups pg WHERE pg.product_id = p.id ORDER BY pg.position)
                      AS "groups!",
                  v.id AS "variation_id: VariationId", v.name AS variation, price.amount AS "amount!"
           FROM variation_prices vp
           LEFT JOIN due_prices($1, $2) due ON due.item_id = vp.variation_id
           CROSS JOIN LATERAL (SELECT CASE WHEN due.item_id IS NULL THEN vp.amount ELSE due.amount END AS amount) price
           JOIN variations v ON v.id = vp.variation_id
           JOIN products p ON p.id = v.product_id
           JOIN tax_rates t ON t.store_id = vp.store_id AND t.tax_class = p.tax_class
           JOIN categories c ON c.id = p.category_id
           WHERE vp.store_id = $1 AND price.amount IS NOT NULL
           ORDER BY c.position, c.name, p.position, p.name, v.position"#,
        store.0,
        at
    )
    .fetch_all(db)
    .await?;

    // The rows come sorted, so a new category or product starts exactly where the id changes.
    let mut categories: Vec<Category> = Vec::new();
    for row in rows {
        if categories.last().is_none_or(|it| it.id != row.category_id) {
            categories.push(Category {
                id: row.category_id,
                name: row.category,
                products: Vec::new(),
            });
        }
        let Some(category) = categories.last_mut() else {
            continue;
        };
        let variation = Variation {
            id: row.variation_id,
            name: row.variation,
            price: row.amount,
        };
        match category.products.last_mut() {
            Some(product) if product.id == row.product_id => product.variations.push(variation),
            _ => category.products.push(Product {
                id: row.product_id,
                name: row.product,
                description: row.description,
                image: row.image,
                photo: row.photo.and_then(|Json(kept)| Photo::of(kept)),
                allergens: row.allergens,
                tax_rate_bp: decoded(row.rate_bp)?,
                variations: vec![variation],
                option_groups: row
                    .groups
                    .iter()
                    .filter_map(|id| groups.get(id).cloned())
                    .collect(),
            }),
        }
    }
    Ok(categories)
}

/// The groups of which a store sells any option. Each once, however many products it belongs to: in a large catalogue
/// the pairs of products and options are many times as many as either.
async fn option_groups(
    db: &mut PgConnection,
    store: StoreId,
    at: DateTime<Utc>,
) -> sqlx::Result<HashMap<Uuid, Arc<OptionGroup>>> {
    let rows = sqlx::query!(
        r#"SELECT g.id AS "group_id: GroupId", g.name AS "group", g.min_options, g.max_options,
                  o.id AS "option_id: OptionId", o.name AS option, o.is_default, price.amount AS "amount!"
           FROM option_prices op
           LEFT JOIN due_prices($1, $2) due ON due.item_id = op.option_id
           CROSS JOIN LATERAL (SELECT CASE WHEN due.item_id IS NULL THEN op.amount ELSE due.amount END AS amount) price
           JOIN options o ON o.id = op.option_id
           JOIN option_groups g ON g.id = o.group_id
           WHERE op.store_id = $1 AND price.amount IS NOT NULL
           ORDER BY g.id, o.position"#,
        store.0,
        at
    )
    .fetch_all(db)
    .await?;

    let mut groups: Vec<OptionGroup> = Vec::new();
    for row in rows {
        let option = MenuOption {
            id: row.option_id,
            name: row.option,
            price: row.amount,
            default: row.is_default,
        };
        match groups.last_mut() {
            Some(group) if group.id == row.group_id => group.options.push(option),
            _ => groups.push(OptionGroup {
                id: row.group_id,
                name: row.group,
                min: decoded(row.min_options)?,
                max: decoded(row.max_options)?,
                options: vec![option],
            }),
        }
    }
    let groups = groups.into_iter();
    Ok(groups.map(|group| (group.id.0, Arc::new(group))).collect())
}

/// A number that a CHECK constraint keeps within `u16`.
fn decoded<T>(value: T) -> sqlx::Result<u16>
where
    u16: TryFrom<T, Error = std::num::TryFromIntError>,
{
    u16::try_from(value).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// A code that a CHECK constraint keeps in form.
fn currency(code: &str) -> sqlx::Result<Currency> {
    code.parse()
        .map_err(|error: service::money::MoneyError| sqlx::Error::Decode(error.into()))
}

/// Whether there is no store; if so, nobody else can add one until the transaction ends.
pub async fn lock_if_empty(db: &mut PgConnection) -> sqlx::Result<bool> {
    // Two replicas that start together must not both find it empty.
    sqlx::query!("LOCK TABLE stores IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *db)
        .await?;
    sqlx::query_scalar!(r#"SELECT NOT EXISTS (SELECT FROM stores) AS "empty!""#)
        .fetch_one(db)
        .await
}

/// Writes a whole catalogue into an empty one. Row by row: it is done once in a database's life.
pub async fn insert(db: &mut PgConnection, seed: &Seed) -> sqlx::Result<()> {
    for (store, position) in seed.stores.iter().zip(0..) {
        insert_store(db, store, position).await?;
    }
    for group in &seed.option_groups {
        insert_group(db, &seed.stores, group).await?;
    }
    for (category, position) in seed.categories.iter().zip(0..) {
        insert_category(db, &seed.stores, category, position).await?;
    }
    Ok(())
}

async fn insert_store(db: &mut PgConnection, store: &SeedStore, position: i32) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO stores (id, name, street, city, timezone, currency, position) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        store.id.0,
        store.name,
        store.street,
        store.city,
        store.timezone,
        store.currency.as_str(),
        position
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "INSERT INTO tax_rates (store_id, tax_class, rate_bp) VALUES ($1, 'drink', $2), ($1, 'food', $3), ($1, 'goods', $4)",
        store.id.0,
        store.tax.drink,
        store.tax.food,
        store.tax.goods
    )
    .execute(&mut *db)
    .await?;
    hours::replace(db, store.id, &store.hours, &Closures::default()).await
}

async fn insert_group(
    db: &mut PgConnection,
    stores: &[SeedStore],
    group: &SeedGroup,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO option_groups (id, name, min_options, max_options) VALUES ($1, $2, $3, $4)",
        group.id.0,
        group.name,
        group.min,
        group.max
    )
    .execute(&mut *db)
    .await?;
    for (option, position) in group.options.iter().zip(0..) {
        sqlx::query!(
            "INSERT INTO options (id, group_id, name, is_default, position) VALUES ($1, $2, $3, $4, $5)",
            option.id.0,
            group.id.0,
            option.name,
            option.default,
            position
        )
        .execute(&mut *db)
        .await?;
        for (store, price) in stores.iter().zip(&option.prices) {
            let Some(price) = price else { continue };
            sqlx::query!(
                "INSERT INTO option_prices (store_id, option_id, amount) VALUES ($1, $2, $3)",
                store.id.0,
                option.id.0,
                price
            )
            .execute(&mut *db)
            .await?;
        }
    }
    Ok(())
}

async fn insert_category(
    db: &mut PgConnection,
    stores: &[SeedStore],
    category: &SeedCategory,
    position: i32,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO categories (id, name, position) VALUES ($1, $2, $3)",
        category.id.0,
        category.name,
        position
    )
    .execute(&mut *db)
    .await?;
    for (product, position) in category.products.iter().zip(0_i32..) {
        sqlx::query!(
            "INSERT INTO products (id, category_id, name, description, image, allergens, tax_class, position)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            product.id.0,
            category.id.0,
            product.name,
            product.description,
            product.image,
            &product.allergens,
            product.tax_class,
            position
        )
        .execute(&mut *db)
        .await?;
        for (group, position) in product.option_groups.iter().zip(0_i32..) {
            sqlx::query!(
                "INSERT INTO product_option_groups (product_id, group_id, position) VALUES ($1, $2, $3)",
                product.id.0,
                group.0,
                position
            )
            .execute(&mut *db)
            .await?;
        }
        for (variation, position) in product.variations.iter().zip(0_i32..) {
            sqlx::query!(
                "INSERT INTO variations (id, product_id, name, position) VALUES ($1, $2, $3, $4)",
                variation.id.0,
                product.id.0,
                variation.name,
                position
            )
            .execute(&mut *db)
            .await?;
            for (store, price) in stores.iter().zip(&variation.prices) {
                let Some(price) = price else { continue };
                sqlx::query!(
                    "INSERT INTO variation_prices (store_id, variation_id, amount) VALUES ($1, $2, $3)",
                    store.id.0,
                    variation.id.0,
                    price
                )
                .execute(&mut *db)
                .await?;
            }
        }
    }
    Ok(())
}
