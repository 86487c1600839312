//! Categories.
//!
//! Invariant: a category that has products is never removed.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::menu::CategoryId;
use crate::ops::categories::{Category, Edit};

/// At most `limit` categories after the one with the id `after`, by id.
pub async fn page(
    db: &mut PgConnection,
    after: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<Category>> {
    sqlx::query_as!(
        Category,
        r#"SELECT id AS "id: CategoryId", name, position, version FROM categories
           WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2"#,
        after,
        limit
    )
    .fetch_all(db)
    .await
}

/// The category of this id.
pub async fn find(db: &mut PgConnection, id: CategoryId) -> sqlx::Result<Option<Category>> {
    sqlx::query_as!(
        Category,
        r#"SELECT id AS "id: CategoryId", name, position, version FROM categories WHERE id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await
}

/// Adds one.
pub async fn insert(db: &mut PgConnection, id: CategoryId, edit: &Edit) -> sqlx::Result<Category> {
    sqlx::query_as!(
        Category,
        r#"INSERT INTO categories (id, name, position) VALUES ($1, $2, $3)
           RETURNING id AS "id: CategoryId", name, position, version"#,
        id.0,
        edit.name.as_str(),
        edit.position.get()
    )
    .fetch_one(db)
    .await
}

/// Writes an edit over one that exists.
pub async fn update(db: &mut PgConnection, id: CategoryId, edit: &Edit) -> sqlx::Result<Category> {
    sqlx::query_as!(
        Category,
        r#"UPDATE categories SET name = $2, position = $3 WHERE id = $1
           RETURNING id AS "id: CategoryId", name, position, version"#,
        id.0,
        edit.name.as_str(),
        edit.position.get()
    )
    .fetch_one(db)
    .await
}

/// Whether products stand under it.
pub async fn is_used(db: &mut PgConnection, id: CategoryId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM products WHERE category_id = $1) AS "used!""#,
        id.0
    )
    .fetch_one(db)
    .await
}

/// Removes one that no product stands under.
pub async fn delete(db: &mut PgConnection, id: CategoryId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM categories WHERE id = $1", id.0)
        .execute(db)
        .await?;
    Ok(())
}
