//! Waiting for what becomes true by itself: a wait ends with its condition, or the test fails.

use std::time::{Duration, Instant};

/// Far longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(30);
/// How often to look.
const PAUSE: Duration = Duration::from_millis(20);

/// Returns when it holds.
pub async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let since = Instant::now();
    while !holds().await {
        assert!(since.elapsed() < LIMIT, "{what} did not come");
        tokio::time::sleep(PAUSE).await;
    }
}
