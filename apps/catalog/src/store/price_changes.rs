//! Prices to come.
//!
//! Invariant: a change that is due is in effect for every reader; [`take_due`] only moves it to where the others are.

use chrono::{DateTime, Utc};
use service::money::{Currency, Money};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::menu::StoreId;
use crate::price::{ItemKind, PriceChange};

/// At most `limit` changes of `store` that are still to come, after the one with the id `after`, by id.
pub async fn page(
    db: &mut PgConnection,
    store: StoreId,
    currency: Currency,
    at: DateTime<Utc>,
    after: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<PriceChange>> {
    let rows = sqlx::query!(
        r#"SELECT id, item_id, option_id IS NULL AS "is_variation!", amount, takes_effect_at FROM price_changes
           WHERE store_id = $1 AND takes_effect_at > $2 AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4"#,
        store.0,
        at,
        after,
        limit
    )
    .fetch_all(db)
    .await?;
    let changes = rows.into_iter().map(|row| PriceChange {
        id: row.id,
        item_id: row.item_id,
        item: kind(row.is_variation),
        price: row.amount.map(|amount| Money::new(amount, currency)),
        takes_effect_at: row.takes_effect_at,
    });
    Ok(changes.collect())
}

/// A change of `store` that is still to come.
pub async fn find(
    db: &mut PgConnection,
    store: StoreId,
    currency: Currency,
    id: Uuid,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<PriceChange>> {
    let row = sqlx::query!(
        r#"SELECT id, item_id, option_id IS NULL AS "is_variation!", amount, takes_effect_at FROM price_changes
           WHERE store_id = $1 AND id = $2 AND takes_effect_at > $3"#,
        store.0,
        id,
        at
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| PriceChange {
        id: row.id,
        item_id: row.item_id,
        item: kind(row.is_variation),
        price: row.amount.map(|amount| Money::new(amount, currency)),
        takes_effect_at: row.takes_effect_at,
    }))
}

/// Plans one; tells whether nothing was planned for that item and instant before.
pub async fn insert(
    db: &mut PgConnection,
    store: StoreId,
    change: &PriceChange,
) -> sqlx::Result<bool> {
    let (variation, option) = match change.item {
        ItemKind::Variation => (Some(change.item_id), None),
        ItemKind::Option => (None, Some(change.item_id)),
    };
    let done = sqlx::query!(
        "INSERT INTO price_changes (id, store_id, variation_id, option_id, amount, takes_effect_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (store_id, item_id, takes_effect_at) DO NOTHING",
        change.id,
        store.0,
        variation,
        option,
        change.price.map(|price| price.amount),
        change.takes_effect_at
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Takes back a change of `store` that is still to come; tells whether there was one.
pub async fn delete(
    db: &mut PgConnection,
    store: StoreId,
    id: Uuid,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM price_changes WHERE store_id = $1 AND id = $2 AND takes_effect_at > $3",
        store.0,
        id,
        at
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether one is due. One look into an index.
pub async fn is_due(db: &mut PgConnection, at: DateTime<Utc>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM price_changes WHERE takes_effect_at <= $1) AS "due!""#,
        at
    )
    .fetch_one(db)
    .await
}

/// A change that was due.
pub struct Due {
    /// Where.
    pub store: StoreId,
    /// Of what.
    pub item: Uuid,
    /// What that is.
    pub kind: ItemKind,
    /// What it costs from then on; nothing if it is not sold any more.
    pub amount: Option<i64>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Takes at most `limit` changes that are due out of the plan, the earliest first.
pub async fn take_due(
    db: &mut PgConnection,
    at: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Due>> {
    let rows = sqlx::query!(
        r#"WITH taken AS (
               DELETE FROM price_changes WHERE id IN (
                   SELECT id FROM price_changes WHERE takes_effect_at <= $1 ORDER BY takes_effect_at, id LIMIT $2)
               RETURNING id, store_id, item_id, option_id, amount, takes_effect_at)
           SELECT store_id AS "store: StoreId", item_id, option_id IS NULL AS "is_variation!", amount, takes_effect_at
           FROM taken ORDER BY takes_effect_at, id"#,
        at,
        limit
    )
    .fetch_all(db)
    .await?;
    let due = rows.into_iter().map(|row| Due {
        store: row.store,
        item: row.item_id,
        kind: kind(row.is_variation),
        amount: row.amount,
        since: row.takes_effect_at,
    });
    Ok(due.collect())
}

fn kind(is_variation: bool) -> ItemKind {
    if is_variation {
        ItemKind::Variation
    } else {
        ItemKind::Option
    }
}
