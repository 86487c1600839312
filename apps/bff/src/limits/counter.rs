//! Where counts are kept that all replicas share.
//!
//! Invariant: a write goes through only if nobody wrote since the read that it rests on.

use std::time::Duration;

use async_trait::async_trait;
use dapr_kit::{Dapr, DaprError, Versioned};

/// An outside store of counts that expire.
#[async_trait]
pub trait Counter: Send + Sync {
    /// What is under `key`.
    async fn read(&self, key: &str) -> Result<Option<Versioned>, DaprError>;
    /// Puts a value in the place of the version `etag`, or of nothing; false if somebody was faster.
    async fn replace(
        &self,
        key: &str,
        value: Vec<u8>,
        etag: Option<&str>,
        ttl: Duration,
    ) -> Result<bool, DaprError>;
}

/// A state store component of our sidecar.
pub struct DaprCounter {
    dapr: Dapr,
    component: &'static str,
}

impl DaprCounter {
    /// The component of this name.
    #[must_use]
    pub fn new(dapr: Dapr, component: &'static str) -> Self {
        Self { dapr, component }
    }
}

#[async_trait]
impl Counter for DaprCounter {
    async fn read(&self, key: &str) -> Result<Option<Versioned>, DaprError> {
        self.dapr.state_version(self.component, key).await
    }

    async fn replace(
        &self,
        key: &str,
        value: Vec<u8>,
        etag: Option<&str>,
        ttl: Duration,
    ) -> Result<bool, DaprError> {
        self.dapr
            .state_replace(self.component, key, value, etag, ttl)
            .await
    }
}
