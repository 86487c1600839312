//! The state store behind the sessions, as far as they need one.
//!
//! Invariant: everything in it may vanish at any time; then people sign in again.

use std::time::Duration;

use async_trait::async_trait;
use dapr_kit::{Dapr, DaprError};

/// An outside store of small values that expire.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// The value under `key`.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, DaprError>;
    /// Puts a value there, to vanish after `ttl`.
    async fn put(&self, key: &str, value: Vec<u8>, ttl: Duration) -> Result<(), DaprError>;
    /// Takes the value away, if there is one.
    async fn remove(&self, key: &str) -> Result<(), DaprError>;
}

/// A state store component of our sidecar.
pub struct DaprState {
    dapr: Dapr,
    component: &'static str,
}

impl DaprState {
    /// The component of this name.
    #[must_use]
    pub fn new(dapr: Dapr, component: &'static str) -> Self {
        Self { dapr, component }
    }
}

#[async_trait]
impl StateStore for DaprState {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, DaprError> {
        self.dapr.state_get(self.component, key).await
    }

    async fn put(&self, key: &str, value: Vec<u8>, ttl: Duration) -> Result<(), DaprError> {
        self.dapr.state_save(self.component, key, value, ttl).await
    }

    async fn remove(&self, key: &str) -> Result<(), DaprError> {
        self.dapr.state_delete(self.component, key).await
    }
}
