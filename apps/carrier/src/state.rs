//! What every operation works with.
//!
//! Invariant: cloning it shares everything.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dapr_kit::Secrets;
use service::clock::Clock;
use service::ids::Ids;

use crate::book::Book;
use crate::conduct::Trouble;

/// The service's state. Cheap to clone.
#[derive(Clone)]
pub struct App {
    book: Arc<Mutex<Book>>,
    /// The faults in force.
    pub trouble: Arc<Trouble>,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// Our key.
    pub secrets: Secrets,
}

impl App {
    /// With this book.
    #[must_use]
    pub fn new(book: Book, clock: Clock, secrets: Secrets) -> Self {
        Self {
            book: Arc::new(Mutex::new(book)),
            trouble: Arc::default(),
            ids: Ids::new(clock.clone()),
            clock,
            secrets,
        }
    }

    /// The book, for one caller at a time. What is done with it is on disk before it is let go.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
