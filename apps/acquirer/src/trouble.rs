//! The faults that are in force: an outage, undoing that fails, keys that were called before.
//!
//! Invariant: nothing in here is money; a restart forgets it all.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::operation::Key;

/// What befalls every request of the merchant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// Nothing.
    #[default]
    None,
    /// It is answered 503.
    Down,
    /// It takes its time.
    Slow,
    /// It is not answered at all.
    Hang,
}

#[derive(Debug, Default)]
struct Inner {
    outage: Outage,
    undo_works: bool,
    calls: HashMap<Key, u32>,
}

/// The faults.
#[derive(Debug, Default)]
pub struct Trouble(Mutex<Inner>);

impl Trouble {
    /// What befalls a request now.
    #[must_use]
    pub fn outage(&self) -> Outage {
        self.inner().outage
    }

    /// Makes it so from now on.
    pub fn set_outage(&self, outage: Outage) {
        self.inner().outage = outage;
    }

    /// Whether undoing works for the token whose undoing fails.
    #[must_use]
    pub fn undo_works(&self) -> bool {
        self.inner().undo_works
    }

    /// Makes it so from now on.
    pub fn set_undo_works(&self, works: bool) {
        self.inner().undo_works = works;
    }

    /// Counts a call under this key; says the how manyeth it is. Asked only for tokens to which it matters.
    pub fn call(&self, key: &Key) -> u32 {
        let mut inner = self.inner();
        let calls = inner.calls.entry(key.clone()).or_default();
        *calls = calls.saturating_add(1);
        *calls
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
