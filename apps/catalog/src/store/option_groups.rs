//! Option groups with their options.
//!
//! Invariant: an option keeps its id, and so its prices, for as long as edits name it.

use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::menu::{GroupId, OptionId};
use crate::option_group::{Edit, GroupOption, OptionGroup};

/// At most `limit` groups after the one with the id `after`, by id.
pub async fn page(
    db: &mut PgConnection,
    after: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<OptionGroup>> {
    select(db, None, after, limit).await
}

/// The group of this id.
pub async fn find(db: &mut PgConnection, id: GroupId) -> sqlx::Result<Option<OptionGroup>> {
    Ok(select(db, Some(id.0), None, 1).await?.pop())
}

async fn select(
    db: &mut PgConnection,
    only: Option<Uuid>,
    after: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<OptionGroup>> {
    let rows = sqlx::query!(
        r#"SELECT g.id AS "id: GroupId", name, min_options, max_options, version,
                  (SELECT json_agg(json_build_object('id', o.id, 'name', o.name, 'default', o.is_default)
                                   ORDER BY o.position)
                   FROM options o WHERE o.group_id = g.id) AS "options: Json<Vec<GroupOption>>"
           FROM option_groups g
           WHERE ($1::uuid IS NULL OR g.id = $1) AND ($2::uuid IS NULL OR g.id > $2)
           ORDER BY g.id LIMIT $3"#,
        only,
        after,
        limit
    )
    .fetch_all(db)
    .await?;
    let groups = rows.into_iter().map(|row| OptionGroup {
        id: row.id,
        name: row.name,
        min: row.min_options,
        max: row.max_options,
        options: row.options.map(|Json(them)| them).unwrap_or_default(),
        version: row.version,
    });
    Ok(groups.collect())
}

/// Which of these options a store sells or is going to sell.
pub async fn sold(db: &mut PgConnection, options: &[OptionId]) -> sqlx::Result<Vec<OptionId>> {
    let ids: Vec<_> = options.iter().map(|it| it.0).collect();
    sqlx::query_scalar!(
        r#"SELECT it.id AS "id!: OptionId" FROM unnest($1::uuid[]) AS it (id)
           WHERE EXISTS (SELECT FROM option_prices p WHERE p.option_id = it.id AND p.amount IS NOT NULL)
              OR EXISTS (SELECT FROM price_changes c WHERE c.option_id = it.id)"#,
        &ids
    )
    .fetch_all(db)
    .await
}

/// Whether products have it.
pub async fn is_used(db: &mut PgConnection, id: GroupId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM product_option_groups WHERE group_id = $1) AS "used!""#,
        id.0
    )
    .fetch_one(db)
    .await
}

/// Adds one, with these ids for its options.
pub async fn insert(
    db: &mut PgConnection,
    id: GroupId,
    edit: &Edit,
    options: &[OptionId],
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO option_groups (id, name, min_options, max_options) VALUES ($1, $2, $3, $4)",
        id.0,
        edit.name.as_str(),
        i16::from(edit.min),
        i16::from(edit.max)
    )
    .execute(&mut *db)
    .await?;
    write_options(db, id, edit, options).await
}

/// Writes an edit over one that exists; what of its options is not among `options` is removed.
pub async fn update(
    db: &mut PgConnection,
    id: GroupId,
    edit: &Edit,
    options: &[OptionId],
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE option_groups SET name = $2, min_options = $3, max_options = $4 WHERE id = $1",
        id.0,
        edit.name.as_str(),
        i16::from(edit.min),
        i16::from(edit.max)
    )
    .execute(&mut *db)
    .await?;
    write_options(db, id, edit, options).await
}

async fn write_options(
    db: &mut PgConnection,
    id: GroupId,
    edit: &Edit,
    options: &[OptionId],
) -> sqlx::Result<()> {
    let ids: Vec<_> = options.iter().map(|it| it.0).collect();
    let names = edit.options.iter().map(|it| it.name.as_str().to_owned());
    let defaults: Vec<_> = edit.options.iter().map(|it| it.default).collect();
    sqlx::query!(
        "DELETE FROM options WHERE group_id = $1 AND id <> ALL ($2)",
        id.0,
        &ids
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "INSERT INTO options (id, group_id, name, is_default, position)
         SELECT id, $1, name, chosen, place - 1
         FROM unnest($2::uuid[], $3::text[], $4::boolean[]) WITH ORDINALITY AS it (id, name, chosen, place)
         ON CONFLICT (id) DO UPDATE
             SET name = EXCLUDED.name, is_default = EXCLUDED.is_default, position = EXCLUDED.position",
        id.0,
        &ids,
        &names.collect::<Vec<_>>(),
        &defaults
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Removes one that no product has and no store sells.
pub async fn delete(db: &mut PgConnection, id: GroupId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM option_groups WHERE id = $1", id.0)
        .execute(db)
        .await?;
    Ok(())
}
