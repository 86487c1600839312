//! What every operation works with.
//!
//! Invariant: cloning it shares everything, the menus in memory too.

use std::sync::Arc;

use service::clock::Clock;
use sqlx::PgPool;

use crate::menus::Menus;

/// The service's state. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// Our database.
    pub db: PgPool,
    /// The menus read so far.
    pub menus: Arc<Menus>,
}

impl App {
    /// A state that has read nothing yet.
    #[must_use]
    pub fn new(db: PgPool, clock: Clock) -> Self {
        Self {
            menus: Arc::new(Menus::new(db.clone(), clock)),
            db,
        }
    }
}
