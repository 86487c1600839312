//! Removes what nobody can use any more: sessions that ran out, with their grants, codes and refresh tokens; mailed links
//! half sign-ins, and requests to other providers; and tries that count no longer.
//!
//! Invariant: nothing is removed while a second use of it would still have to be recognised.

use std::time::Duration;

use crate::audit;
use crate::error::Failure;
use crate::state::App;
use crate::store;

/// How often it looks.
const EVERY: Duration = Duration::from_hours(1);
/// How long what has expired is kept, for those who ask what happened.
const KEPT: chrono::Duration = chrono::Duration::days(7);

/// Sweeps now and then, for ever.
pub async fn run(app: App) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        match sweep(&app).await {
            Ok(0) => {}
            Ok(sessions) => tracing::info!(sessions, "removed expired sessions"),
            Err(error) => tracing::warn!(%error, "expired sessions stay for now"),
        }
    }
}

/// Sweeps once; how many sessions went.
pub async fn sweep(app: &App) -> Result<u64, Failure> {
    let mut db = app.db.acquire().await?;
    let now = app.clock.now();
    store::links::delete_expired(&mut db, now).await?;
    store::pending_sign_ins::delete_expired(&mut db, now).await?;
    store::federation::delete_expired_requests(&mut db, now).await?;
    store::throttle::delete_stale(&mut db, now).await?;
    let (position, hash) = store::audit::head(&mut db).await?;
    // Outside the database: whoever makes the whole chain anew does not reach it.
    tracing::info!(position, hash = audit::hex(&hash), "the head of the audit");
    Ok(store::sessions::delete_expired(&mut db, now - KEPT).await?)
}
