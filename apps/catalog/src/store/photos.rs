//! Photographs: which renditions a product has, and their bytes.
//!
//! Invariant: bytes that no product shows are none; the database's trigger sees to it.

use sqlx::PgConnection;

use crate::menu::ProductId;
use crate::photo::{Drawn, Hash};

/// The bytes under a hash.
pub async fn bytes(db: &mut PgConnection, hash: &Hash) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        "SELECT bytes FROM renditions WHERE hash = $1",
        hash.as_str()
    )
    .fetch_optional(db)
    .await
}

/// Gives a product these renditions in place of those that it has; its version counts it.
pub async fn replace(db: &mut PgConnection, id: ProductId, drawn: &[Drawn]) -> sqlx::Result<()> {
    // First: what goes with the last product that shows it may be among what comes.
    remove(&mut *db, id).await?;
    for it in drawn {
        sqlx::query!(
            "INSERT INTO renditions (hash, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            it.hash.as_str(),
            it.bytes
        )
        .execute(&mut *db)
        .await?;
        sqlx::query!(
            "INSERT INTO product_renditions (product_id, width, height, hash) VALUES ($1, $2, $3, $4)",
            id.0,
            i32::try_from(it.width).map_err(|error| sqlx::Error::Encode(error.into()))?,
            i32::try_from(it.height).map_err(|error| sqlx::Error::Encode(error.into()))?,
            it.hash.as_str()
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Takes a product's renditions away; its version counts it.
pub async fn remove(db: &mut PgConnection, id: ProductId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM product_renditions WHERE product_id = $1", id.0)
        .execute(&mut *db)
        .await?;
    // The database counts.
    sqlx::query!("UPDATE products SET version = version WHERE id = $1", id.0)
        .execute(db)
        .await?;
    Ok(())
}
