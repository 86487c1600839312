//! Stores, items, recipes and the first levels: what a seed writes and what is read at start.
//!
//! Invariant: written into an empty inventory only.

use std::collections::HashMap;

use sqlx::PgConnection;
use uuid::Uuid;

use super::Result;
use crate::recipe::RecipeBook;
use crate::stock::{ItemId, Portion, StoreId, Unit};

/// All recipes.
pub async fn book(connection: &mut PgConnection) -> Result<RecipeBook> {
    let mut book = RecipeBook::default();
    let rows = sqlx::query!(
        r#"SELECT true AS "is_variation!", variation_id AS "id!", item_id AS "item_id!: ItemId", quantity AS "quantity!"
           FROM variation_recipes
           UNION ALL SELECT false, option_id, item_id, quantity FROM option_recipes"#
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let recipes: &mut HashMap<Uuid, Vec<Portion>> = if row.is_variation {
            &mut book.variations
        } else {
            &mut book.options
        };
        recipes.entry(row.id).or_default().push(Portion {
            item_id: row.item_id,
            quantity: row.quantity,
        });
    }
    Ok(book)
}

/// Whether there is no store; if so, nobody else can add one until the transaction ends.
pub async fn lock_if_empty(connection: &mut PgConnection) -> Result<bool> {
    // Two replicas that start together must not both find it empty.
    sqlx::query!("LOCK TABLE stores IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *connection)
        .await?;
    sqlx::query_scalar!(r#"SELECT NOT EXISTS (SELECT FROM stores) AS "empty!""#)
        .fetch_one(connection)
        .await
}

/// Adds a store that keeps nothing yet.
pub async fn insert_store(connection: &mut PgConnection, store: StoreId) -> Result<()> {
    sqlx::query!("INSERT INTO stores (id) VALUES ($1)", store.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds an item that no store keeps yet.
pub async fn insert_item(
    connection: &mut PgConnection,
    item: ItemId,
    name: &str,
    unit: Unit,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO items (id, name, unit) VALUES ($1, $2, $3)",
        item.0,
        name,
        unit as Unit,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets a store keep an item: none of it at first.
pub async fn insert_level(
    connection: &mut PgConnection,
    store: StoreId,
    item: ItemId,
    threshold: i64,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO levels (store_id, item_id, threshold) VALUES ($1, $2, $3)",
        store.0,
        item.0,
        threshold,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds what one piece of a variation takes of an item.
pub async fn insert_variation_recipe(
    connection: &mut PgConnection,
    variation: Uuid,
    portion: Portion,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO variation_recipes (variation_id, item_id, quantity) VALUES ($1, $2, $3)",
        variation,
        portion.item_id.0,
        portion.quantity,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds what one choice of an option takes of an item.
pub async fn insert_option_recipe(
    connection: &mut PgConnection,
    option: Uuid,
    portion: Portion,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO option_recipes (option_id, item_id, quantity) VALUES ($1, $2, $3)",
        option,
        portion.item_id.0,
        portion.quantity,
    )
    .execute(connection)
    .await?;
    Ok(())
}
