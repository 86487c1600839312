//! What every operation works with.
//!
//! Invariant: cloning it shares everything.

use std::sync::Arc;

use dapr_kit::Secrets;
use service::server::Shutdown;

use crate::bank::Bank;
use crate::pace::Pace;
use crate::trouble::Trouble;

/// The service's state. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Operations and their ledger.
    pub bank: Arc<Bank>,
    /// The faults in force.
    pub trouble: Arc<Trouble>,
    /// How long others wait.
    pub pace: Pace,
    /// Our key and the webhooks' secret.
    pub secrets: Secrets,
    /// Ends it all.
    pub shutdown: Shutdown,
}
