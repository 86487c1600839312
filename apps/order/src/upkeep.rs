//! Deletes the answers under idempotency keys that no longer count.
//!
//! Invariant: only what is older than a key's lifetime goes; whether it has gone changes no answer.

use std::time::Duration;

use service::server::Shutdown;

use crate::idempotency::horizon;
use crate::state::App;
use crate::store;

/// How often it is done.
const EVERY: Duration = Duration::from_mins(10);

/// Does it now and then until the end is requested.
pub async fn run(app: App, shutdown: Shutdown) {
    loop {
        match forget_old_replays(&app).await {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(deleted, "old idempotency keys were forgotten"),
            Err(error) => tracing::warn!(%error, "old idempotency keys can't be forgotten"),
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Does it once; says how many answers went.
pub async fn forget_old_replays(app: &App) -> Result<u64, sqlx::Error> {
    let mut connection = app.db.acquire().await?;
    store::forget_replays(&mut connection, horizon(app.clock.now())).await
}
