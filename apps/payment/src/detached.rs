//! Commands that go on when their caller hangs up.
//!
//! Invariant: a call to the provider that was begun is waited for, so that its outcome is recorded; the caller asks again.

use service::problem::Problem;
use tracing::Instrument as _;

use crate::error::Error;

/// Runs `command` to its end, whether or not the caller waits for it.
pub async fn run<T: Send + 'static>(
    command: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::spawn(command.in_current_span()).await {
        Ok(outcome) => outcome.map_err(Problem::from),
        Err(ended) => Err(Problem::internal(&ended)),
    }
}
