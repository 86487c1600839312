//! Discounts.
//!
//! Invariant: a row's amounts are of the row's one currency.

use chrono::{DateTime, Utc};
use service::money::{Currency, Money};
use sqlx::PgConnection;
use uuid::Uuid;

use super::currency;
use crate::discount::{Code, Discount, DiscountId, Edit, Percent};
use crate::menu::StoreId;

struct Row {
    id: Uuid,
    code: String,
    store_id: Option<Uuid>,
    percent_bp: Option<i32>,
    amount: Option<i64>,
    minimum: Option<i64>,
    currency: Option<String>,
    starts_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
    active: bool,
    version: i64,
}

impl Row {
    fn read(self) -> sqlx::Result<Discount> {
        let currency = self.currency.as_deref().map(currency).transpose()?;
        let money = |amount: Option<i64>| {
            let (amount, currency) = amount.zip(currency)?;
            Some(Money::new(amount, currency))
        };
        Ok(Discount {
            id: DiscountId(self.id),
            code: self.code,
            store_id: self.store_id.map(StoreId),
            percent_bp: self.percent_bp,
            amount: money(self.amount),
            minimum: money(self.minimum),
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            active: self.active,
            version: self.version,
        })
    }
}

/// At most `limit` discounts of all stores and of these, after the one with the id `after`, by id.
pub async fn page(
    db: &mut PgConnection,
    stores: &[Uuid],
    after: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<Discount>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, code, store_id, percent_bp, amount, minimum, currency, starts_at, ends_at, active, version
         FROM discounts
         WHERE (store_id IS NULL OR store_id = ANY($1)) AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
        stores,
        after,
        limit
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// The discount of this id.
pub async fn find(db: &mut PgConnection, id: DiscountId) -> sqlx::Result<Option<Discount>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, code, store_id, percent_bp, amount, minimum, currency, starts_at, ends_at, active, version
         FROM discounts WHERE id = $1",
        id.0
    )
    .fetch_optional(db)
    .await?;
    row.map(Row::read).transpose()
}

/// The discount of this code.
pub async fn of_code(db: &mut PgConnection, code: &Code) -> sqlx::Result<Option<Discount>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, code, store_id, percent_bp, amount, minimum, currency, starts_at, ends_at, active, version
         FROM discounts WHERE code = $1",
        code.as_str()
    )
    .fetch_optional(db)
    .await?;
    row.map(Row::read).transpose()
}

/// Adds one.
pub async fn insert(
    db: &mut PgConnection,
    id: DiscountId,
    edit: &Edit,
    currency: Option<Currency>,
) -> sqlx::Result<Discount> {
    sqlx::query_as!(
        Row,
        "INSERT INTO discounts (id, code, store_id, percent_bp, amount, minimum, currency, starts_at, ends_at, active)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         RETURNING id, code, store_id, percent_bp, amount, minimum, currency, starts_at, ends_at, active, version",
        id.0,
        edit.code.as_str(),
        edit.store_id.map(|store| store.0),
        edit.percent_bp.map(Percent::basis_points),
        edit.amount.map(|amount| amount.amount),
        edit.minimum.map(|minimum| minimum.amount),
        currency.map(String::from),
        edit.starts_at,
        edit.ends_at,
        edit.active
    )
    .fetch_one(db)
    .await?
    .read()
}

/// Writes an edit over one that exists.
pub async fn update(
    db: &mut PgConnection,
    id: DiscountId,
    edit: &Edit,
    currency: Option<Currency>,
) -> sqlx::Result<Discount> {
    sqlx::query_as!(
        Row,
        "UPDATE discounts SET code = $2, store_id = $3, percent_bp = $4, amount = $5, minimum = $6, currency = $7,
             starts_at = $8, ends_at = $9, active = $10
         WHERE id = $1
         RETURNING id, code, store_id, percent_bp, amount, minimum, currency, starts_at, ends_at, active, version",
        id.0,
        edit.code.as_str(),
        edit.store_id.map(|store| store.0),
        edit.percent_bp.map(Percent::basis_points),
        edit.amount.map(|amount| amount.amount),
        edit.minimum.map(|minimum| minimum.amount),
        currency.map(String::from),
        edit.starts_at,
        edit.ends_at,
        edit.active
    )
    .fetch_one(db)
    .await?
    .read()
}

/// Removes one.
pub async fn delete(db: &mut PgConnection, id: DiscountId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM discounts WHERE id = $1", id.0)
        .execute(db)
        .await?;
    Ok(())
}
