//! What has to be done now and then: holds that are over end, answers under old idempotency keys go.
//!
//! Invariant: what is due is judged by the clock and the database alone, so it does not matter which process does it,
//! how often, or when it was last done.

use std::time::Duration;

use service::idempotency::horizon;
use service::server::Shutdown;

use crate::error::Error;
use crate::ops::expire::expire;
use crate::state::App;
use crate::store::replays;

/// How often it is done.
const EVERY: Duration = Duration::from_secs(5);

/// Does it until the end is requested.
pub async fn run(app: App, shutdown: Shutdown) {
    loop {
        if let Err(error) = once(&app).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "upkeep failed and is tried again"
            );
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn once(app: &App) -> Result<(), Error> {
    let expired = expire(app).await?;
    let forgotten = forget_old_replays(app).await?;
    if expired + forgotten > 0 {
        tracing::info!(expired, forgotten, "upkeep was done");
    }
    Ok(())
}

/// Deletes the answers under keys that no longer count; says how many.
pub async fn forget_old_replays(app: &App) -> Result<u64, Error> {
    let mut connection = app.db.acquire().await?;
    Ok(replays::forget(&mut connection, horizon(app.clock.now())).await?)
}
