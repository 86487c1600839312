//! Turns: of everybody who wants to refresh one session, one does at a time.
//!
//! Invariant: a session that nobody refreshes takes no room here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Mutex as Turn;

use super::SessionKey;

/// Who is refreshing what in this process.
#[derive(Default)]
pub struct Flights(Mutex<HashMap<SessionKey, Arc<Turn<()>>>>);

impl Flights {
    /// Runs `work` when it is this session's turn.
    pub async fn in_turn<T>(&self, key: &SessionKey, work: impl Future<Output = T>) -> T {
        let turn = self.lock().entry(key.clone()).or_default().clone();
        let result = {
            let _mine = turn.lock().await;
            work.await
        };
        let mut turns = self.lock();
        // The map's and ours: nobody else waits.
        if Arc::strong_count(&turn) == 2 {
            turns.remove(key);
        }
        result
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SessionKey, Arc<Turn<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::SessionId;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn one_at_a_time_per_session_and_nothing_left_behind() {
        let flights = Arc::new(Flights::default());
        let inside = Arc::new(AtomicUsize::new(0));
        let key = SessionId::new([1; 32]).key();
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (flights, inside, key) = (flights.clone(), inside.clone(), key.clone());
            all.spawn(async move {
                flights
                    .in_turn(&key, async {
                        let before = inside.fetch_add(1, Ordering::SeqCst);
                        tokio::task::yield_now().await;
                        inside.fetch_sub(1, Ordering::SeqCst);
                        before
                    })
                    .await
            });
        }
        assert!(all.join_all().await.into_iter().all(|before| before == 0));
        assert!(flights.lock().is_empty());
    }
}
