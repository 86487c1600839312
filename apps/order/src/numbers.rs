//! The numbers that are called out, handed out from a block of them per store and day.
//!
//! Invariant: a block belongs to one process, so no order waits for another one's transaction to get its number. What
//! is left of a block at the end of its process, or of a day, is never given out: numbers are unique, not without gaps.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{Days, NaiveDate};
use sqlx::PgPool;
use uuid::Uuid;

use crate::order::{OrderNumber, StoreId};
use crate::store;

/// Numbers per block: enough that fetching one is rare, few enough that a restart leaves a small gap.
const BLOCK: i32 = 8;

/// Days of which a store's blocks are kept: orders for a slot are of a later day than those of the moment.
const DAYS: Days = Days::new(8);

type Shared = Arc<tokio::sync::Mutex<Block>>;

#[derive(Debug, Default)]
struct Block {
    free: Range<i32>,
}

/// The blocks of this process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Numbers(Arc<Mutex<HashMap<Uuid, HashMap<NaiveDate, Shared>>>>);

impl Numbers {
    /// The next number of a store's day.
    pub async fn next(
        &self,
        db: &PgPool,
        store: StoreId,
        day: NaiveDate,
    ) -> Result<OrderNumber, sqlx::Error> {
        let shared = self.block(store, day);
        let mut block = shared.lock().await;
        if block.free.is_empty() {
            let mut connection = db.acquire().await?;
            let last = store::orders::take_numbers(&mut connection, store, day, BLOCK).await?;
            *block = Block {
                free: last - BLOCK + 1..last + 1,
            };
        }
        let number = block.free.start;
        block.free.start += 1;
        Ok(OrderNumber(number))
    }

    /// Throws a store's blocks away, because numbers of theirs turned out to be taken.
    pub fn discard(&self, store: StoreId) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&store.0);
    }

    fn block(&self, store: StoreId, day: NaiveDate) -> Shared {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let days = all.entry(store.0).or_default();
        if !days.contains_key(&day) {
            days.retain(|kept, _| kept.checked_add_days(DAYS) >= Some(day));
        }
        Arc::clone(days.entry(day).or_default())
    }
}
