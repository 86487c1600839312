//! What every operation works with.
//!
//! Invariant: cloning it shares everything, the menus in memory too.

use std::sync::Arc;

use outbox::Waker;
use service::clock::Clock;
use service::ids::Ids;
use sqlx::PgPool;

use crate::menus::{MOST, Menus};
use crate::photo::Workshop;
use crate::signer::Signer;

/// The service's state. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// Our database.
    pub db: PgPool,
    /// The menus that were asked for last.
    pub menus: Arc<Menus>,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// Tells the relay of a commit.
    pub outbox: Waker,
    /// Signs quotes.
    pub signer: Signer,
    /// Draws pictures.
    pub workshop: Workshop,
}

impl App {
    /// A state that has read nothing yet.
    #[must_use]
    pub fn new(db: PgPool, clock: Clock, outbox: Waker, signer: Signer) -> Self {
        Self {
            menus: Arc::new(Menus::new(db.clone(), clock.clone(), MOST)),
            ids: Ids::new(clock.clone()),
            db,
            clock,
            outbox,
            signer,
            workshop: Workshop::default(),
        }
    }
}
