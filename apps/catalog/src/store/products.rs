//! Products with their variations and option groups.
//!
//! Invariant: a variation keeps its id, and so its prices, for as long as edits name it.

use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::menu::{CategoryId, GroupId, ProductId, VariationId};
use crate::photo::{Kept, Photo};
use crate::product::{Edit, Product, Variation};

/// At most `limit` products after the one with the id `after`, by id.
pub async fn page(
    db: &mut PgConnection,
    after: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<Product>> {
    select(db, None, after, limit).await
}

/// The product of this id.
pub async fn find(db: &mut PgConnection, id: ProductId) -> sqlx::Result<Option<Product>> {
    Ok(select(db, Some(id.0), None, 1).await?.pop())
}

async fn select(
    db: &mut PgConnection,
    only: Option<Uuid>,
    after: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<Product>> {
    let rows = sqlx::query!(
        r#"SELECT p.id AS "id: ProductId", category_id AS "category_id: CategoryId", name, description, image, allergens,
                  tax_class, position, version,
                  ARRAY(SELECT group_id FROM product_option_groups g WHERE g.product_id = p.id ORDER BY g.position)
                      AS "groups!: Vec<GroupId>",
                  (SELECT json_agg(json_build_object('id', v.id, 'name', v.name) ORDER BY v.position)
                   FROM variations v WHERE v.product_id = p.id) AS "variations: Json<Vec<Variation>>",
                  (SELECT json_agg(json_build_object('width', r.width, 'height', r.height, 'hash', r.hash) ORDER BY r.width)
                   FROM product_renditions r WHERE r.product_id = p.id) AS "photo: Json<Vec<Kept>>"
           FROM products p
           WHERE ($1::uuid IS NULL OR p.id = $1) AND ($2::uuid IS NULL OR p.id > $2)
           ORDER BY p.id LIMIT $3"#,
        only,
        after,
        limit
    )
    .fetch_all(db)
    .await?;
    let products = rows.into_iter().map(|row| Product {
        id: row.id,
        category_id: row.category_id,
        name: row.name,
        description: row.description,
        image: row.image,
        photo: row.photo.and_then(|Json(kept)| Photo::of(kept)),
        allergens: row.allergens,
        tax_class: row.tax_class,
        position: row.position,
        option_group_ids: row.groups,
        variations: row.variations.map(|Json(them)| them).unwrap_or_default(),
        version: row.version,
    });
    Ok(products.collect())
}

/// Whether there is such a category, and which of the groups there are not.
pub async fn missing(db: &mut PgConnection, edit: &Edit) -> sqlx::Result<(bool, Vec<GroupId>)> {
    let groups: Vec<_> = edit.option_group_ids.iter().map(|it| it.0).collect();
    let row = sqlx::query!(
        r#"SELECT EXISTS (SELECT FROM categories WHERE id = $1) AS "category!",
                  ARRAY(SELECT id FROM unnest($2::uuid[]) AS id WHERE id NOT IN (SELECT id FROM option_groups))
                      AS "groups!: Vec<GroupId>""#,
        edit.category_id.0,
        &groups
    )
    .fetch_one(db)
    .await?;
    Ok((row.category, row.groups))
}

/// Which of these variations a store sells or is going to sell.
pub async fn sold(
    db: &mut PgConnection,
    variations: &[VariationId],
) -> sqlx::Result<Vec<VariationId>> {
    let ids: Vec<_> = variations.iter().map(|it| it.0).collect();
    sqlx::query_scalar!(
        r#"SELECT it.id AS "id!: VariationId" FROM unnest($1::uuid[]) AS it (id)
           WHERE EXISTS (SELECT FROM variation_prices p WHERE p.variation_id = it.id AND p.amount IS NOT NULL)
              OR EXISTS (SELECT FROM price_changes c WHERE c.variation_id = it.id)"#,
        &ids
    )
    .fetch_all(db)
    .await
}

/// Adds one, with these ids for its variations.
pub async fn insert(
    db: &mut PgConnection,
    id: ProductId,
    edit: &Edit,
    variations: &[VariationId],
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO products (id, category_id, name, description, image, allergens, tax_class, position)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        id.0,
        edit.category_id.0,
        edit.name.as_str(),
        edit.description.as_str(),
        edit.image.as_str(),
        &edit.allergens(),
        edit.tax_class.as_str(),
        edit.position.get()
    )
    .execute(&mut *db)
    .await?;
    write_parts(db, id, edit, variations).await
}

/// Writes an edit over one that exists; what of its variations is not among `variations` is removed.
pub async fn update(
    db: &mut PgConnection,
    id: ProductId,
    edit: &Edit,
    variations: &[VariationId],
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE products SET category_id = $2, name = $3, description = $4, image = $5, allergens = $6, tax_class = $7,
             position = $8
         WHERE id = $1",
        id.0,
        edit.category_id.0,
        edit.name.as_str(),
        edit.description.as_str(),
        edit.image.as_str(),
        &edit.allergens(),
        edit.tax_class.as_str(),
        edit.position.get()
    )
    .execute(&mut *db)
    .await?;
    write_parts(db, id, edit, variations).await
}

async fn write_parts(
    db: &mut PgConnection,
    id: ProductId,
    edit: &Edit,
    variations: &[VariationId],
) -> sqlx::Result<()> {
    let ids: Vec<_> = variations.iter().map(|it| it.0).collect();
    let names = edit.variations.iter().map(|it| it.name.as_str().to_owned());
    let groups: Vec<_> = edit.option_group_ids.iter().map(|it| it.0).collect();
    sqlx::query!(
        "DELETE FROM variations WHERE product_id = $1 AND id <> ALL ($2)",
        id.0,
        &ids
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "INSERT INTO variations (id, product_id, name, position)
         SELECT id, $1, name, place - 1 FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS it (id, name, place)
         ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, position = EXCLUDED.position",
        id.0,
        &ids,
        &names.collect::<Vec<_>>()
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "DELETE FROM product_option_groups WHERE product_id = $1",
        id.0
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "INSERT INTO product_option_groups (product_id, group_id, position)
         SELECT $1, id, place - 1 FROM unnest($2::uuid[]) WITH ORDINALITY AS it (id, place)",
        id.0,
        &groups
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Removes one that no store sells.
pub async fn delete(db: &mut PgConnection, id: ProductId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM products WHERE id = $1", id.0)
        .execute(db)
        .await?;
    Ok(())
}
