//! A store's tax rates.
//!
//! Invariant: a store has a rate for each class of goods, or none at all.

use sqlx::PgConnection;

use crate::menu::StoreId;
use crate::ops::tax_rates::{Edit, TaxRates};

/// The rates of a store; `None` without such a store, 0 for what was never set.
pub async fn find(db: &mut PgConnection, store: StoreId) -> sqlx::Result<Option<TaxRates>> {
    sqlx::query_as!(
        TaxRates,
        r#"SELECT COALESCE(max(rate_bp) FILTER (WHERE tax_class = 'drink'), 0) AS "drink!",
                  COALESCE(max(rate_bp) FILTER (WHERE tax_class = 'food'), 0) AS "food!",
                  COALESCE(max(rate_bp) FILTER (WHERE tax_class = 'goods'), 0) AS "goods!",
                  tax_version AS "version!"
           FROM stores LEFT JOIN tax_rates ON store_id = id
           WHERE id = $1 GROUP BY id"#,
        store.0
    )
    .fetch_optional(db)
    .await
}

/// Writes them over those that were there.
pub async fn write(db: &mut PgConnection, store: StoreId, edit: &Edit) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO tax_rates (store_id, tax_class, rate_bp) VALUES ($1, 'drink', $2), ($1, 'food', $3), ($1, 'goods', $4)
         ON CONFLICT (store_id, tax_class) DO UPDATE SET rate_bp = EXCLUDED.rate_bp",
        store.0,
        edit.drink.basis_points(),
        edit.food.basis_points(),
        edit.goods.basis_points()
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "UPDATE stores SET tax_version = tax_version + 1 WHERE id = $1",
        store.0
    )
    .execute(db)
    .await?;
    Ok(())
}
