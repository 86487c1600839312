//! The store of counts that replicas share, played: it can be away, hang, and be looked into.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bff::limits::Counter;
use dapr_kit::{DaprError, Versioned};

type Values = HashMap<String, (Vec<u8>, u64)>;

/// One for any number of replicas.
#[derive(Default)]
pub struct Counts {
    values: Mutex<Values>,
    away: AtomicBool,
    hangs: AtomicBool,
    /// Writes that somebody else was faster with, yet to come.
    conflicts: AtomicUsize,
    asked: AtomicUsize,
}

impl Counts {
    /// Makes every call fail from now on, or none.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Makes every call wait for ever from now on.
    pub fn hang(&self) {
        self.hangs.store(true, Ordering::SeqCst);
    }

    /// Makes the next so many writes come too late.
    pub fn conflict(&self, times: usize) {
        self.conflicts.store(times, Ordering::SeqCst);
    }

    /// How often it was read.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// What it has learnt.
    pub fn keys(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    async fn open(&self) -> Result<(), DaprError> {
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.away.load(Ordering::SeqCst) {
            return Err(DaprError::Config("the counts are away".into()));
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Values> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Counter for Counts {
    async fn read(&self, key: &str) -> Result<Option<Versioned>, DaprError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.open().await?;
        let known = self.lock().get(key).cloned();
        Ok(known.map(|(value, version)| Versioned {
            value,
            etag: version.to_string(),
        }))
    }

    async fn replace(
        &self,
        key: &str,
        value: Vec<u8>,
        etag: Option<&str>,
        _: Duration,
    ) -> Result<bool, DaprError> {
        self.open().await?;
        let less = |left: usize| left.checked_sub(1);
        let (order, again) = (Ordering::SeqCst, Ordering::SeqCst);
        if self.conflicts.fetch_update(order, again, less).is_ok() {
            return Ok(false);
        }
        let mut values = self.lock();
        let version = values.get(key).map(|(_, version)| *version);
        if version.map(|version| version.to_string()).as_deref() != etag {
            return Ok(false);
        }
        values.insert(key.to_owned(), (value, version.unwrap_or_default() + 1));
        Ok(true)
    }
}
