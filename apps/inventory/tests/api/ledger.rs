//! What the database holds, read behind the service's back: levels, events, and whether they add up.

use std::collections::BTreeMap;

use inventory::stock::{Effect, Kind};
use serde_json::Value;
use uuid::Uuid;

use crate::world::{STORE, World};

/// The counters of a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Counters {
    pub initial: i64,
    pub received: i64,
    pub restocked: i64,
    pub adjusted: i64,
    pub available: i64,
    pub reserved: i64,
    pub sold: i64,
    pub wasted: i64,
}

impl World {
    /// The counters of a level in [`STORE`].
    pub async fn counters(&self, item: Uuid) -> Counters {
        sqlx::query_as("SELECT * FROM levels WHERE store_id = $1 AND item_id = $2")
            .bind(STORE)
            .bind(item)
            .fetch_one(self.db())
            .await
            .expect("a level")
    }

    /// Available and reserved of an item in [`STORE`].
    pub async fn stock(&self, item: Uuid) -> (i64, i64) {
        let counters = self.counters(item).await;
        (counters.available, counters.reserved)
    }

    /// The events in the outbox as they would be published, of one type or, with "", all.
    pub async fn told(&self, kind: &str) -> Vec<Value> {
        let mut told = testkit::events::published(self.db()).await;
        told.retain(|event| kind.is_empty() || event["type"] == kind);
        told
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(self.db())
            .await
            .expect("a count")
    }

    /// Every level of every store is the sum of its movements, keeps its equation, and holds what reservations hold.
    pub async fn assert_nothing_lost(&self) {
        let rows: Vec<(Uuid, Uuid, Kind, i64)> =
            sqlx::query_as("SELECT store_id, item_id, kind, quantity FROM movements")
                .fetch_all(self.db())
                .await
                .expect("the movements");
        let mut sums: BTreeMap<(Uuid, Uuid), Effect> = BTreeMap::new();
        for (store, item, kind, quantity) in rows {
            *sums.entry((store, item)).or_default() += kind.effect(quantity);
        }
        let levels: Vec<(Uuid, Uuid, [i64; 8], i64)> = sqlx::query_as::<_, Level>(
            "SELECT level.*, (SELECT coalesce(sum(held.quantity), 0)::bigint
                 FROM reservations, unnest(items, quantities) AS held (item, quantity)
                 WHERE status = 'held' AND store_id = level.store_id AND held.item = level.item_id) AS held
             FROM levels AS level",
        )
        .fetch_all(self.db())
        .await
        .expect("the levels")
        .into_iter()
        .map(|level| {
            let it = level.counters;
            let counters = [
                it.initial, it.received, it.restocked, it.adjusted, it.available, it.reserved, it.sold, it.wasted,
            ];
            (level.store_id, level.item_id, counters, level.held)
        })
        .collect();
        for (store, item, counters, held) in levels {
            let sum = sums.get(&(store, item)).copied().unwrap_or_default();
            let summed = [
                sum.initial,
                sum.received,
                sum.restocked,
                sum.adjusted,
                sum.available,
                sum.reserved,
                sum.sold,
                sum.wasted,
            ];
            assert_eq!(counters, summed, "the movements of {item}");
            let [
                initial,
                received,
                restocked,
                adjusted,
                available,
                reserved,
                sold,
                wasted,
            ] = counters;
            assert_eq!(
                available + reserved + sold + wasted,
                initial + received + restocked + adjusted,
                "{item}"
            );
            assert!(
                [available, reserved, sold, wasted]
                    .iter()
                    .all(|it| *it >= 0),
                "{item}"
            );
            assert_eq!(reserved, held, "what reservations hold of {item}");
        }
    }
}

#[derive(sqlx::FromRow)]
struct Level {
    store_id: Uuid,
    item_id: Uuid,
    #[sqlx(flatten)]
    counters: Counters,
    held: i64,
}
