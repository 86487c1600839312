//! How long whoever asked still waits for the answer.
//!
//! It travels as a span, in milliseconds, because clocks differ: each callee counts from when the request reached it.
//! What is spawned to be finished anyway is not bound by it.

use std::future::Future;
use std::time::Duration;

use http::{HeaderMap, HeaderName};
use tokio::time::Instant;

/// The header that says how many milliseconds the caller waits.
pub const TIMEOUT: HeaderName = HeaderName::from_static("x-crema-timeout");

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Runs `work` for somebody who waits for `span` at most. Only ever shortens what is set already.
pub async fn within<F: Future>(span: Duration, work: F) -> F::Output {
    let ours = Instant::now() + span;
    let deadline = DEADLINE.try_with(|known| ours.min(*known)).unwrap_or(ours);
    DEADLINE.scope(deadline, work).await
}

/// How long is left; `None` where nobody said.
#[must_use]
pub fn left() -> Option<Duration> {
    let deadline = DEADLINE.try_with(|deadline| *deadline).ok()?;
    Some(deadline.saturating_duration_since(Instant::now()))
}

/// What a request says of it. One that can't be read says nothing.
#[must_use]
pub fn of(headers: &HeaderMap) -> Option<Duration> {
    let millis = headers.get(TIMEOUT)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_runs_down_and_is_never_put_off() {
        assert_eq!(left(), None);
        within(Duration::from_secs(5), async {
            tokio::time::advance(Duration::from_secs(2)).await;
            assert_eq!(left(), Some(Duration::from_secs(3)));
            within(Duration::from_mins(1), async {
                assert_eq!(left(), Some(Duration::from_secs(3)));
            })
            .await;
            tokio::time::advance(Duration::from_secs(9)).await;
            assert_eq!(left(), Some(Duration::ZERO));
            let spawned = tokio::spawn(async { left() }).await;
            assert_eq!(spawned.ok(), Some(None));
        })
        .await;
    }
}
