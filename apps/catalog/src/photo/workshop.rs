//! Where pictures are drawn: off the threads that answer requests, one at a time.
//!
//! Invariant: one picture's pixels are in memory at once, some 300 MB at worst, and one core is busy with them, however
//! many are sent and whether or not their senders still wait.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::{Drawn, Refused, draw};

/// How long a picture waits for those before it. The BFF gives a request fifteen seconds, ten of them to arrive.
const PATIENCE: Duration = Duration::from_secs(2);

/// The one place. Clones share it.
#[derive(Clone, Debug)]
pub struct Workshop(Arc<Semaphore>);

impl Default for Workshop {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Workshop {
    /// [`draw`]s a picture.
    pub async fn draw(&self, said: String, bytes: Bytes) -> Result<Vec<Drawn>, Refused> {
        let turn = timeout(PATIENCE, self.0.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(Refused::Busy);
        };
        let work = spawn_blocking(move || {
            // Held by the work itself, which goes on when nobody waits for it any more.
            let _turn = turn;
            draw(&said, &bytes)
        });
        work.await.unwrap_or_else(|_| {
            // Of the decoder's own making: the panic is in the log, the picture is not.
            tracing::warn!("a picture broke its decoder");
            Err(Refused::Unreadable("it is broken"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_picture_waits_for_the_one_before_it_and_not_for_ever() {
        let workshop = Workshop::default();
        let another = workshop.0.clone().acquire_owned().await.expect("a turn");
        let sent = || workshop.draw("image/png".to_owned(), Bytes::from_static(b"no picture"));
        assert_eq!(sent().await, Err(Refused::Busy));
        drop(another);
        assert!(matches!(sent().await, Err(Refused::Unreadable(_))));
    }
}
