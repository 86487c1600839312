//! What every operation works with.

use dapr_kit::{Dapr, Tokens};
use outbox::Waker;
use service::clock::Clock;
use service::ids::Ids;
use sqlx::PgPool;

use crate::checkout::handle::Checkouts;
use crate::in_flight::InFlight;
use crate::numbers::Numbers;
use crate::returns::handle::Returns;
use crate::waits::Waits;

/// The service's state. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Our database.
    pub db: PgPool,
    /// Our sidecar.
    pub dapr: Dapr,
    /// Tokens for calls in our own name.
    pub tokens: Tokens,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// To be woken after each commit that appended events.
    pub outbox: Waker,
    /// The commands that are being carried out.
    pub in_flight: InFlight,
    /// The numbers that this process may give out.
    pub numbers: Numbers,
    /// How long people wait.
    pub waits: Waits,
    /// The way to the runner of sagas.
    pub checkouts: Checkouts,
    /// How returns are handled.
    pub returns: Returns,
}
