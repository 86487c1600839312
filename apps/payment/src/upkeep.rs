//! Forgets what no longer counts: idempotency keys after a day, the provider's messages after a month.
//!
//! Invariant: only what is older than its lifetime goes; whether it has gone changes no answer.

use std::time::Duration;

use chrono::TimeDelta;
use service::idempotency::horizon;
use service::server::Shutdown;

use crate::state::App;
use crate::store;

/// How often it is done.
const EVERY: Duration = Duration::from_mins(10);
/// Longer than the provider repeats a message.
const MESSAGES: TimeDelta = TimeDelta::days(30);

/// Does it now and then until the end is requested.
pub async fn run(app: App, shutdown: Shutdown) {
    loop {
        match forget(&app).await {
            Ok(0) => {}
            Ok(forgotten) => tracing::info!(forgotten, "old keys and messages were forgotten"),
            Err(error) => tracing::warn!(%error, "old keys and messages can't be forgotten"),
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Does it once; says how many rows went.
pub async fn forget(app: &App) -> Result<u64, sqlx::Error> {
    let now = app.clock.now();
    let mut connection = app.db.acquire().await?;
    let keys = store::replays::forget(&mut connection, horizon(now)).await?;
    Ok(keys + store::messages::forget(&mut connection, now - MESSAGES).await?)
}
