//! What every operation works with.

use std::sync::Arc;

use dapr_kit::{Dapr, Secrets};
use outbox::Waker;
use service::clock::Clock;
use service::ids::Ids;
use sqlx::PgPool;
use tokio::sync::Notify;

use crate::provider::Provider;

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
    /// To be notified after each commit that left the resolver something to do.
    pub undecided: Arc<Notify>,
    /// To be notified after each commit that wants a reconciliation.
    pub reconcile: Arc<Notify>,
    /// Who moves the money of cards.
    pub provider: Provider,
    /// What the provider signs its messages with.
    pub webhook: Secrets,
}
