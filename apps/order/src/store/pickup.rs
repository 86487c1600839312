//! Slots, what stores take per slot, and how long orders took to make.
//!
//! Invariant: a slot is taken by one statement that counts and compares under the slot's own lock. It is given back by
//! the database itself when its order is cancelled (`migrations/0006_pickup.sql`).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::order::StoreId;
use crate::pickup::CAPACITY;
use crate::store::Result;

/// What a store takes per slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Orders.
    pub capacity: i32,
    /// Grows by one with every change; 0 while nothing was ever set.
    pub version: i64,
}

/// Takes a place in a slot for an order that is stored in the same transaction; says whether there was one.
pub async fn take(
    connection: &mut PgConnection,
    store: StoreId,
    slot: DateTime<Utc>,
) -> Result<bool> {
    // The lock on the settings makes whoever sets a smaller capacity wait for the takings that began before.
    let taken = sqlx::query!(
        "WITH settings AS (
             SELECT capacity FROM pickup_settings WHERE store_id = $1 FOR SHARE
         ), offer AS (
             SELECT coalesce((SELECT capacity FROM settings), $3) AS capacity
         )
         INSERT INTO pickup_slots AS slot (store_id, starts_at, taken, capacity)
         SELECT $1, $2, 1, offer.capacity FROM offer WHERE offer.capacity > 0
         ON CONFLICT (store_id, starts_at) DO UPDATE
         SET taken = slot.taken + 1, capacity = excluded.capacity
         WHERE slot.taken < excluded.capacity",
        store.0,
        slot,
        CAPACITY,
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// How many orders hold each slot of a store from `from` to `until`; a slot without a row has none.
pub async fn taken(
    connection: &mut PgConnection,
    store: StoreId,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<HashMap<DateTime<Utc>, i32>> {
    let rows = sqlx::query!(
        "SELECT starts_at, taken FROM pickup_slots WHERE store_id = $1 AND starts_at BETWEEN $2 AND $3",
        store.0,
        from,
        until,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.starts_at, row.taken))
        .collect())
}

/// What a store takes per slot.
pub async fn settings(connection: &mut PgConnection, store: StoreId) -> Result<Settings> {
    let found = sqlx::query_as!(
        Settings,
        "SELECT capacity, version FROM pickup_settings WHERE store_id = $1",
        store.0
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.unwrap_or(Settings {
        capacity: CAPACITY,
        version: 0,
    }))
}

/// Sets it, unless it is at another version by now; says what is set then.
pub async fn set(
    connection: &mut PgConnection,
    store: StoreId,
    expected: i64,
    capacity: i32,
) -> Result<Option<Settings>> {
    if expected == 0 {
        return sqlx::query_as!(
            Settings,
            "INSERT INTO pickup_settings (store_id, capacity, version) VALUES ($1, $2, 1)
             ON CONFLICT (store_id) DO NOTHING RETURNING capacity, version",
            store.0,
            capacity,
        )
        .fetch_optional(connection)
        .await;
    }
    sqlx::query_as!(
        Settings,
        "UPDATE pickup_settings SET capacity = $3, version = version + 1 WHERE store_id = $1 AND version = $2
         RETURNING capacity, version",
        store.0,
        expected,
        capacity,
    )
    .fetch_optional(connection)
    .await
}

/// The median of the seconds from confirmed to ready, of a store's orders that were wanted at once and put out after
/// `since`; `None` without any. What is made for a slot says nothing about waiting, nor does what waited for its courier.
pub async fn median_wait(
    connection: &mut PgConnection,
    store: StoreId,
    since: DateTime<Utc>,
) -> Result<Option<i64>> {
    sqlx::query_scalar!(
        "SELECT percentile_disc(0.5) WITHIN GROUP
                (ORDER BY extract(epoch FROM made.ready_at - confirmed.at)::bigint) AS median
         FROM orders made
         JOIN order_history confirmed ON confirmed.order_id = made.id AND confirmed.to_status = 'confirmed'
         WHERE made.store_id = $1 AND made.ready_at > $2 AND made.slot IS NULL
           AND NOT EXISTS (SELECT FROM deliveries WHERE order_id = made.id)",
        store.0,
        since,
    )
    .fetch_one(connection)
    .await
}
