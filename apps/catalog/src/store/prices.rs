//! What stores ask for their items.
//!
//! Invariant: a price that is read is the one in effect at the asked instant, planned ones included; whoever writes has
//! moved the planned ones that are due into the list first ([`crate::settling`]).

use chrono::{DateTime, Utc};
use service::money::{Currency, Money};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::menu::StoreId;
use crate::price::{ItemKind, Price};

struct Row {
    item_id: Uuid,
    is_variation: bool,
    of: String,
    name: String,
    amount: Option<i64>,
    version: i64,
}

impl Row {
    fn into_price(self, currency: Currency) -> Price {
        Price {
            item_id: self.item_id,
            item: if self.is_variation {
                ItemKind::Variation
            } else {
                ItemKind::Option
            },
            of: self.of,
            name: self.name,
            price: self.amount.map(|amount| Money::new(amount, currency)),
            version: self.version,
        }
    }
}

/// At most `limit` prices of `store` in effect at an instant, of items after the one with the id `after`, by id. What is
/// not sold there is among them.
pub async fn page(
    db: &mut PgConnection,
    store: StoreId,
    currency: Currency,
    at: DateTime<Utc>,
    after: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<Price>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT item.id AS "item_id!", item.is_variation AS "is_variation!", item.of AS "of!", item.name AS "name!",
                  CASE WHEN due.item_id IS NULL THEN item.amount ELSE due.amount END AS "amount",
                  COALESCE(item.version, 0) + COALESCE(due.changes, 0) AS "version!"
           FROM (
               (SELECT v.id, true AS is_variation, p.name AS of, v.name, price.amount, price.version
                FROM variations v
                JOIN products p ON p.id = v.product_id
                LEFT JOIN variation_prices price ON price.store_id = $1 AND price.variation_id = v.id
                WHERE $3::uuid IS NULL OR v.id > $3 ORDER BY v.id LIMIT $4)
               UNION ALL
               (SELECT o.id, false, g.name, o.name, price.amount, price.version
                FROM options o
                JOIN option_groups g ON g.id = o.group_id
                LEFT JOIN option_prices price ON price.store_id = $1 AND price.option_id = o.id
                WHERE $3::uuid IS NULL OR o.id > $3 ORDER BY o.id LIMIT $4)
           ) item
           LEFT JOIN due_prices($1, $2) due ON due.item_id = item.id
           ORDER BY item.id LIMIT $4"#,
        store.0,
        at,
        after,
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| row.into_price(currency))
        .collect())
}

/// What `store` asks for one item at an instant; `None` if there is no such item.
pub async fn find(
    db: &mut PgConnection,
    store: StoreId,
    currency: Currency,
    item: Uuid,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<Price>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT item.id AS "item_id!", item.is_variation AS "is_variation!", item.of AS "of!", item.name AS "name!",
                  CASE WHEN due.item_id IS NULL THEN item.amount ELSE due.amount END AS "amount",
                  COALESCE(item.version, 0) + COALESCE(due.changes, 0) AS "version!"
           FROM (
               SELECT v.id, true AS is_variation, p.name AS of, v.name, price.amount, price.version
               FROM variations v
               JOIN products p ON p.id = v.product_id
               LEFT JOIN variation_prices price ON price.store_id = $1 AND price.variation_id = v.id
               WHERE v.id = $3
               UNION ALL
               SELECT o.id, false, g.name, o.name, price.amount, price.version
               FROM options o
               JOIN option_groups g ON g.id = o.group_id
               LEFT JOIN option_prices price ON price.store_id = $1 AND price.option_id = o.id
               WHERE o.id = $3
           ) item
           LEFT JOIN due_prices($1, $2) due ON due.item_id = item.id"#,
        store.0,
        at,
        item
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| row.into_price(currency)))
}

/// Writes what `store` asks for an item from now on, nothing if it is not to be sold; says the row's new version.
pub async fn write(
    db: &mut PgConnection,
    store: StoreId,
    item: Uuid,
    kind: ItemKind,
    amount: Option<i64>,
) -> sqlx::Result<i64> {
    match kind {
        ItemKind::Variation => {
            sqlx::query_scalar!(
                "INSERT INTO variation_prices (store_id, variation_id, amount) VALUES ($1, $2, $3)
                 ON CONFLICT (store_id, variation_id) DO UPDATE SET amount = EXCLUDED.amount RETURNING version",
                store.0,
                item,
                amount
            )
            .fetch_one(db)
            .await
        }
        ItemKind::Option => {
            sqlx::query_scalar!(
                "INSERT INTO option_prices (store_id, option_id, amount) VALUES ($1, $2, $3)
                 ON CONFLICT (store_id, option_id) DO UPDATE SET amount = EXCLUDED.amount RETURNING version",
                store.0,
                item,
                amount
            )
            .fetch_one(db)
            .await
        }
    }
}

/// Gives an item a row in the list of `store`, which plans refer to; one that is there stays as it is.
pub async fn make_room(
    db: &mut PgConnection,
    store: StoreId,
    item: Uuid,
    kind: ItemKind,
) -> sqlx::Result<()> {
    let statement = match kind {
        ItemKind::Variation => sqlx::query!(
            "INSERT INTO variation_prices (store_id, variation_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            store.0,
            item
        ),
        ItemKind::Option => sqlx::query!(
            "INSERT INTO option_prices (store_id, option_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            store.0,
            item
        ),
    };
    statement.execute(db).await?;
    Ok(())
}
