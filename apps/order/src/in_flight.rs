//! Which commands are being carried out right now, by idempotency key.
//!
//! Invariant: one command at a time runs under a key in this process; the table `replays`, written in the command's
//! own transaction, holds across processes and restarts.

use service::idempotency::{Fingerprint, KeyError, Scope};

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

/// The commands that this process is carrying out, by key.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Mutex<HashMap<Scope, Fingerprint>>>);

/// One of them; it ends when this is dropped.
#[derive(Debug)]
pub struct Flight {
    all: InFlight,
    scope: Scope,
}

impl InFlight {
    /// Begins a command, unless one under the same key is running.
    pub fn begin(&self, scope: &Scope, fingerprint: Fingerprint) -> Result<Flight, KeyError> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match running.entry(scope.clone()) {
            Entry::Occupied(other) if *other.get() == fingerprint => Err(KeyError::InFlight),
            Entry::Occupied(_) => Err(KeyError::Reused),
            Entry::Vacant(free) => {
                free.insert(fingerprint);
                Ok(Flight {
                    all: self.clone(),
                    scope: scope.clone(),
                })
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut running = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.scope);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderMap;
    use service::idempotency::Key;

    fn key(text: &'static str) -> Key {
        let headers = [("idempotency-key", text)].map(|(name, value)| {
            (
                axum::http::HeaderName::from_static(name),
                axum::http::HeaderValue::from_static(value),
            )
        });
        Key::of(&HeaderMap::from_iter(headers)).expect("a key")
    }

    #[test]
    fn one_command_runs_under_a_key_at_a_time() {
        let scope = Scope {
            subject: "someone".into(),
            route: "POST /v1/orders",
            key: key("k"),
        };
        let one = Fingerprint::of(&1).expect("a number");
        let two = Fingerprint::of(&2).expect("a number");
        let all = InFlight::default();
        let flight = all.begin(&scope, one).expect("free");
        assert_eq!(all.begin(&scope, one).err(), Some(KeyError::InFlight));
        assert_eq!(all.begin(&scope, two).err(), Some(KeyError::Reused));
        drop(flight);
        assert!(all.begin(&scope, two).is_ok());
    }
}
