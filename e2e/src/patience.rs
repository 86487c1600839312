//! Waiting for what becomes true by itself.
//!
//! Invariant: a wait ends with its condition; the pause between two looks never stands for the condition.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often to look.
const PAUSE: Duration = Duration::from_millis(50);

/// Looks again and again until `look` finds something; fails, naming `what`, when the time is over.
pub async fn until<T, F>(what: &str, within: Duration, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Option<T>>,
{
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return Ok(found);
        }
        if start.elapsed() >= within {
            bail!("{what} did not come within {within:?}");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Tries again and again until it works; fails with the last error when the time is over.
pub async fn insist<T, F>(what: &str, within: Duration, mut attempt: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let start = Instant::now();
    loop {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) if start.elapsed() >= within => {
                return Err(error.context(format!("{what} did not work within {within:?}")));
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
