//! The way from an operation to the runner of its process, as far as returns go.
//!
//! Invariant: whatever is told this way is stored already. What gets lost on it costs time, never a return: the runner
//! looks into the database by itself.

use std::sync::Arc;

use tokio::sync::Notify;

/// Up to how much, in minor units, the returns of one order come to before a manager has to let another one go on, if
/// nothing is configured.
pub const LIMIT: i64 = 2_000;

/// How returns are handled in this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Returns {
    /// Up to how much, in minor units, the returns of one order come to before a manager has to let another one go on.
    pub limit: i64,
    wake: Arc<Notify>,
}

impl Default for Returns {
    fn default() -> Self {
        Self::new(LIMIT)
    }
}

impl Returns {
    /// With this limit.
    #[must_use]
    pub fn new(limit: i64) -> Self {
        Self {
            limit,
            wake: Arc::default(),
        }
    }

    /// Says that a return has become due. Call it after the commit.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Returns when one has become due.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }
}
