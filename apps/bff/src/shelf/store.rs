//! The durable state store, as far as the shelf needs one.
//!
//! Invariant: whatever is answered here has happened: a write that was answered survives this process, Redis and the
//! store's own restart.

use std::time::Duration;

use async_trait::async_trait;
use dapr_kit::{Dapr, DaprError, Versioned};

/// An outside store whose writes name what they replace.
#[async_trait]
pub trait DurableStore: Send + Sync {
    /// What is under `key`.
    async fn read(&self, key: &str) -> Result<Option<Versioned>, DaprError>;
    /// Puts a value in the place of the version `etag`, or of nothing, to vanish after `ttl`; false if something else is
    /// there, or perhaps because the store is away: a read tells.
    async fn replace(
        &self,
        key: &str,
        value: Vec<u8>,
        etag: Option<&str>,
        ttl: Option<Duration>,
    ) -> Result<bool, DaprError>;
    /// Takes the version `etag` away; false if something else is there, or nothing.
    async fn remove(&self, key: &str, etag: &str) -> Result<bool, DaprError>;
    /// Takes a version away and puts a value elsewhere in its stead as [`DurableStore::replace`] does; both or neither.
    async fn pour(
        &self,
        from: (&str, &str),
        into: (&str, Vec<u8>),
        etag: Option<&str>,
        ttl: Option<Duration>,
    ) -> Result<bool, DaprError>;
    /// Takes away whatever is there.
    async fn forget(&self, key: &str) -> Result<(), DaprError>;
}

/// A state store component of our sidecar: one with transactions.
pub struct DaprShelf {
    dapr: Dapr,
    component: &'static str,
}

impl DaprShelf {
    /// The component of this name.
    #[must_use]
    pub fn new(dapr: Dapr, component: &'static str) -> Self {
        Self { dapr, component }
    }
}

#[async_trait]
impl DurableStore for DaprShelf {
    async fn read(&self, key: &str) -> Result<Option<Versioned>, DaprError> {
        self.dapr.state_version(self.component, key).await
    }

    async fn replace(
        &self,
        key: &str,
        value: Vec<u8>,
        etag: Option<&str>,
        ttl: Option<Duration>,
    ) -> Result<bool, DaprError> {
        let replaced = self
            .dapr
            .state_replace(self.component, key, value, etag, ttl);
        replaced.await
    }

    async fn remove(&self, key: &str, etag: &str) -> Result<bool, DaprError> {
        self.dapr.state_remove(self.component, key, etag).await
    }

    async fn pour(
        &self,
        from: (&str, &str),
        into: (&str, Vec<u8>),
        etag: Option<&str>,
        ttl: Option<Duration>,
    ) -> Result<bool, DaprError> {
        let moved = self.dapr.state_move(self.component, from, into, etag, ttl);
        moved.await
    }

    async fn forget(&self, key: &str) -> Result<(), DaprError> {
        self.dapr.state_delete(self.component, key).await
    }
}
