//! What every operation works with.
//!
//! Invariant: cloning it shares everything.

use std::sync::Arc;

use chrono::TimeDelta;
use dapr_kit::Dapr;
use outbox::Waker;
use service::clock::Clock;
use service::ids::Ids;
use sqlx::PgPool;
use tokio::sync::Notify;

/// The service's state. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Our database.
    pub db: PgPool,
    /// Our sidecar.
    pub dapr: Dapr,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// To be woken after each commit that appended events.
    pub outbox: Waker,
    /// To be notified after each commit that left the driver something to do.
    pub undone: Arc<Notify>,
    /// How long a courier is looked for.
    pub search: TimeDelta,
}
