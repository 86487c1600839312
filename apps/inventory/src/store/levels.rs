//! Levels and their movements.
//!
//! Invariant: [`post`] changes all levels that it names or none, takes no level below zero, and holds their locks, taken
//! in the order of items, until the caller's transaction ends.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Result;
use crate::reservation::OrderId;
use crate::returned::ReturnId;
use crate::stock::{ItemId, Kind, Level, Posting, StoreId, Unit};

/// Whether stock may be promised that isn't there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// It may not.
    On,
    /// It may, and what is missing is made up without a movement: only for a test that must see its checks go red.
    Off,
}

/// What came of a posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// All of it was done.
    All,
    /// Nothing was done. So much was available; an item that the store does not keep is not among them.
    Nothing(HashMap<ItemId, i64>),
}

/// Makes all movements of a posting, unless one of its levels is missing or would fall below zero.
pub async fn post(
    connection: &mut PgConnection,
    posting: &Posting,
    guard: Guard,
) -> Result<Posted> {
    let effects = posting.effects();
    if effects.is_empty() {
        return Ok(Posted::All);
    }
    let items: Vec<_> = effects.keys().map(|item| item.0).collect();
    let column =
        |of: fn(&crate::stock::Effect) -> i64| effects.values().map(of).collect::<Vec<_>>();
    let movements = &posting.movements;
    let ids: Vec<_> = movements.iter().map(|it| it.id).collect();
    let moved: Vec<_> = movements.iter().map(|it| it.item_id.0).collect();
    let kinds: Vec<_> = movements.iter().map(|it| it.kind).collect();
    let quantities: Vec<_> = movements.iter().map(|it| it.quantity).collect();
    let reasons: Vec<_> = movements.iter().map(|it| it.reason.clone()).collect();
    // The levels are locked before the first is written, in one order for everybody; what is judged and written is
    // their newest version, not the one of the statement's snapshot.
    let rows = sqlx::query!(
        r#"WITH change AS MATERIALIZED (
               SELECT * FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                                    $8::bigint[], $9::bigint[], $10::bigint[])
                   AS change (item_id, initial, received, restocked, adjusted, available, reserved, sold, wasted)
           ), locked AS MATERIALIZED (
               SELECT level.item_id, level.available FROM levels AS level
               WHERE level.store_id = $1 AND level.item_id = ANY ($2)
               ORDER BY level.item_id FOR NO KEY UPDATE
           ), verdict AS MATERIALIZED (
               SELECT count(*) = cardinality($2)
                      AND (NOT $11 OR bool_and(locked.available + change.available >= 0)) AS good
               FROM locked JOIN change USING (item_id)
           ), changed AS (
               UPDATE levels AS level SET
                   initial = level.initial + change.initial,
                   received = level.received + change.received,
                   restocked = level.restocked + change.restocked,
                   adjusted = level.adjusted + change.adjusted
                       + CASE WHEN $11 THEN 0 ELSE greatest(-(level.available + change.available), 0) END,
                   available = level.available + change.available
                       + CASE WHEN $11 THEN 0 ELSE greatest(-(level.available + change.available), 0) END,
                   reserved = level.reserved + change.reserved,
                   sold = level.sold + change.sold,
                   wasted = level.wasted + change.wasted,
                   version = level.version + 1
               FROM change, verdict
               WHERE verdict.good AND level.store_id = $1 AND level.item_id = change.item_id
           ), noted AS (
               INSERT INTO movements (store_id, item_id, id, kind, quantity, reason, actor, order_id, at, return_id)
               SELECT $1, movement.item_id, movement.id, movement.kind, movement.quantity, movement.reason, $17, $18,
                      $19, $20
               FROM unnest($12::uuid[], $13::uuid[], $14::text[], $15::bigint[], $16::text[])
                        AS movement (id, item_id, kind, quantity, reason),
                    verdict
               WHERE verdict.good
           )
           SELECT change.item_id AS "item_id!: ItemId", locked.available AS "available?", verdict.good AS "good!"
           FROM verdict, change LEFT JOIN locked USING (item_id)"#,
        posting.store_id.0,
        &items,
        &column(|it| it.initial),
        &column(|it| it.received),
        &column(|it| it.restocked),
        &column(|it| it.adjusted),
        &column(|it| it.available),
        &column(|it| it.reserved),
        &column(|it| it.sold),
        &column(|it| it.wasted),
        guard == Guard::On,
        &ids,
        &moved,
        &kinds as &[Kind],
        &quantities,
        &reasons as &[Option<String>],
        posting.actor,
        posting.order_id.map(|order| order.0),
        posting.at,
        posting.return_id.map(|it| it.0),
    )
    .fetch_all(connection)
    .await?;
    Ok(if rows.iter().all(|row| row.good) {
        Posted::All
    } else {
        let known = rows.into_iter();
        Posted::Nothing(
            known
                .filter_map(|row| Some((row.item_id, row.available?)))
                .collect(),
        )
    })
}

/// What is available of these items, which no other transaction can change until the caller's ends.
pub async fn lock(
    connection: &mut PgConnection,
    store: StoreId,
    items: &[ItemId],
) -> Result<HashMap<ItemId, i64>> {
    let items: Vec<_> = items.iter().map(|item| item.0).collect();
    let rows = sqlx::query!(
        r#"SELECT item_id AS "item_id: ItemId", available FROM levels
           WHERE store_id = $1 AND item_id = ANY ($2) ORDER BY item_id FOR NO KEY UPDATE"#,
        store.0,
        &items,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.item_id, row.available))
        .collect())
}

/// What is available of all that a store keeps.
pub async fn available(
    connection: &mut PgConnection,
    store: StoreId,
) -> Result<HashMap<ItemId, i64>> {
    let rows = sqlx::query!(
        r#"SELECT item_id AS "item_id: ItemId", available FROM levels WHERE store_id = $1"#,
        store.0,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.item_id, row.available))
        .collect())
}

/// A store's levels after the item `after`, items ascending; of one item alone if it is named.
pub async fn list(
    connection: &mut PgConnection,
    store: StoreId,
    only: Option<ItemId>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Level>> {
    sqlx::query_as!(
        Level,
        r#"SELECT level.store_id AS "store_id: StoreId", level.item_id AS "item_id: ItemId", item.name,
                  item.unit AS "unit: Unit", level.available, level.reserved,
                  level.available + level.reserved AS "on_hand!", level.initial, level.received, level.restocked,
                  level.adjusted, level.sold, level.wasted, level.threshold, level.available < level.threshold AS "low!",
                  level.version
           FROM levels AS level JOIN items AS item ON item.id = level.item_id
           WHERE level.store_id = $1 AND ($2::uuid IS NULL OR level.item_id = $2)
             AND ($3::uuid IS NULL OR level.item_id > $3)
           ORDER BY level.item_id LIMIT $4"#,
        store.0,
        only.map(|item| item.0),
        after,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// One level, if the store keeps the item.
pub async fn find(
    connection: &mut PgConnection,
    store: StoreId,
    item: ItemId,
) -> Result<Option<Level>> {
    Ok(list(connection, store, Some(item), None, 1).await?.pop())
}

/// Sets below what a level is low; says whether there is such a level.
pub async fn set_threshold(
    connection: &mut PgConnection,
    store: StoreId,
    item: ItemId,
    threshold: i64,
) -> Result<bool> {
    let updated = sqlx::query!(
        "UPDATE levels SET threshold = $3, version = version + 1 WHERE store_id = $1 AND item_id = $2",
        store.0,
        item.0,
        threshold,
    )
    .execute(connection)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// One row of a level's movements, as the service answers it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Movement")]
pub struct MovementEntry {
    /// Its id.
    pub id: Uuid,
    /// Why.
    pub kind: Kind,
    /// How much, in the item's unit.
    pub quantity: i64,
    /// In somebody's words.
    pub reason: Option<String>,
    /// A token's subject, or the app id of whose event it was.
    pub actor: String,
    /// For which order, if for one.
    pub order_id: Option<OrderId>,
    /// For which return of it, if for one.
    pub return_id: Option<ReturnId>,
    /// When.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub at: DateTime<Utc>,
}

/// A level's movements before the movement `before`, newest first.
pub async fn movements(
    connection: &mut PgConnection,
    store: StoreId,
    item: ItemId,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<MovementEntry>> {
    sqlx::query_as!(
        MovementEntry,
        r#"SELECT id, kind AS "kind: Kind", quantity, reason, actor, order_id AS "order_id: OrderId",
                  return_id AS "return_id: ReturnId", at
           FROM movements
           WHERE store_id = $1 AND item_id = $2 AND id < coalesce($3, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
           ORDER BY id DESC LIMIT $4"#,
        store.0,
        item.0,
        before,
        limit,
    )
    .fetch_all(connection)
    .await
}
