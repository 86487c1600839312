//! The numbers that are called out, handed out from a block of them per store and day.
//!
//! Invariant: a block belongs to one process, so no order waits for another one's transaction to get its number. What
//! is left of a block at the end of its process, or of a day, is never given out: numbers are unique, not without gaps.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use sqlx::PgPool;
use uuid::Uuid;

use crate::order::{OrderNumber, StoreId};
use crate::store;

/// Numbers per block: enough that fetching one is rare, few enough that a restart leaves a small gap.
const BLOCK: i32 = 8;

type Slot = Arc<tokio::sync::Mutex<Block>>;

#[derive(Debug, Default)]
struct Block {
    day: NaiveDate,
    free: Range<i32>,
}

/// The blocks of this process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Numbers(Arc<Mutex<HashMap<Uuid, Slot>>>);

impl Numbers {
    /// The next number of a store's day.
    pub async fn next(
        &self,
        db: &PgPool,
        store: StoreId,
        day: NaiveDate,
    ) -> Result<OrderNumber, sqlx::Error> {
        let slot = self.slot(store);
        let mut block = slot.lock().await;
        if block.day != day || block.free.is_empty() {
            let mut connection = db.acquire().await?;
            let last = store::orders::take_numbers(&mut connection, store, day, BLOCK).await?;
            *block = Block {
                day,
                free: last - BLOCK + 1..last + 1,
            };
        }
        let number = block.free.start;
        block.free.start += 1;
        Ok(OrderNumber(number))
    }

    /// Throws a store's block away, because its numbers turned out to be taken.
    pub async fn discard(&self, store: StoreId) {
        self.slot(store).lock().await.free = 0..0;
    }

    fn slot(&self, store: StoreId) -> Slot {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(store.0).or_default())
    }
}
