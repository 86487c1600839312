//! What every operation works with.
//!
//! Invariant: cloning it shares everything.

use std::sync::Arc;

use outbox::Waker;
use service::clock::Clock;
use service::ids::Ids;
use sqlx::PgPool;

use crate::recipe::RecipeBook;

/// The service's state. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Our database.
    pub db: PgPool,
    /// What everything is made of. Recipes change only by a migration or a seed, and both run before it is read.
    pub recipes: Arc<RecipeBook>,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// Tells the relay of a commit.
    pub outbox: Waker,
}
