//! The durable store, played as daprd with state.postgresql v2 behaves: tags that are never used again, transactions
//! that are whole, and an empty tag that is none. It can be away, and somebody else can be faster.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bff::shelf::DurableStore;
use dapr_kit::{DaprError, Versioned};

/// A value as it is kept.
#[derive(Clone, Debug)]
pub struct Row {
    pub value: Vec<u8>,
    pub etag: String,
    pub ttl: Option<Duration>,
}

/// One for any number of replicas.
#[derive(Default)]
pub struct Durable {
    rows: Mutex<HashMap<String, Row>>,
    tags: AtomicUsize,
    away: AtomicBool,
    /// Writes with which somebody else was faster, yet to come.
    conflicts: AtomicUsize,
}

impl Durable {
    /// Makes every call fail from now on, or none.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Makes the next so many writes come too late.
    pub fn conflict(&self, times: usize) {
        self.conflicts.store(times, Ordering::SeqCst);
    }

    /// All that is in it, by name.
    pub fn rows(&self) -> HashMap<String, Row> {
        self.lock().clone()
    }

    /// Puts a value in place of another, as somebody with access to it might.
    pub fn plant(&self, key: &str, value: &[u8]) {
        let row = self.row(value.to_vec(), None);
        self.lock().insert(key.to_owned(), row);
    }

    fn row(&self, value: Vec<u8>, ttl: Option<Duration>) -> Row {
        let number = self.tags.fetch_add(1, Ordering::SeqCst);
        Row {
            value,
            etag: format!("00000000-0000-4000-8000-{number:012}"),
            ttl,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<(), DaprError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(DaprError::Config("the durable store is away".into()));
        }
        Ok(())
    }

    fn too_late(&self) -> bool {
        let (order, less) = (Ordering::SeqCst, |left: usize| left.checked_sub(1));
        self.conflicts.fetch_update(order, order, less).is_ok()
    }
}

fn tag_of<'r>(rows: &'r HashMap<String, Row>, key: &str) -> Option<&'r str> {
    rows.get(key).map(|row| row.etag.as_str())
}

#[async_trait]
impl DurableStore for Durable {
    async fn read(&self, key: &str) -> Result<Option<Versioned>, DaprError> {
        self.open()?;
        Ok(self.lock().get(key).cloned().map(|row| Versioned {
            value: row.value,
            etag: row.etag,
        }))
    }

    async fn replace(
        &self,
        key: &str,
        value: Vec<u8>,
        etag: Option<&str>,
        ttl: Option<Duration>,
    ) -> Result<bool, DaprError> {
        self.open()?;
        let etag = etag.filter(|etag| !etag.is_empty());
        if self.too_late() || tag_of(&self.lock(), key) != etag {
            return Ok(false);
        }
        let row = self.row(value, ttl);
        self.lock().insert(key.to_owned(), row);
        Ok(true)
    }

    async fn remove(&self, key: &str, etag: &str) -> Result<bool, DaprError> {
        self.open()?;
        let stale = !etag.is_empty() && tag_of(&self.lock(), key) != Some(etag);
        if self.too_late() || stale {
            return Ok(false);
        }
        self.lock().remove(key);
        Ok(true)
    }

    async fn pour(
        &self,
        (gone, gone_etag): (&str, &str),
        (key, value): (&str, Vec<u8>),
        etag: Option<&str>,
        ttl: Option<Duration>,
    ) -> Result<bool, DaprError> {
        self.open()?;
        let stale = |rows: &HashMap<String, Row>| {
            tag_of(rows, gone) != Some(gone_etag) || tag_of(rows, key) != etag
        };
        if self.too_late() || stale(&self.lock()) {
            return Ok(false);
        }
        let row = self.row(value, ttl);
        let mut rows = self.lock();
        rows.remove(gone);
        rows.insert(key.to_owned(), row);
        Ok(true)
    }

    async fn forget(&self, key: &str) -> Result<(), DaprError> {
        self.open()?;
        self.lock().remove(key);
        Ok(())
    }
}
