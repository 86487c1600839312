//! What has to be done now and then: addresses that nobody needs any more, or nobody may keep, are forgotten, and it is told how many shipments
//! stand where.
//!
//! Invariant: what is due is judged by the clock and the database alone, so it does not matter which process does it,
//! how often, or when it was last done.

use std::time::Duration;

use chrono::TimeDelta;
use service::server::Shutdown;

use crate::closed_accounts;
use crate::error::Error;
use crate::shipment::Status;
use crate::state::App;
use crate::store::shipments;

/// How often it is done.
const EVERY: Duration = Duration::from_secs(5);
/// How long an address is kept for an order that nobody confirms.
const ANNOUNCED: TimeDelta = TimeDelta::hours(24);
/// How long it is kept after the end: for whoever asks where it went.
const ENDED: TimeDelta = TimeDelta::days(30);

/// The statuses that are told of.
const UNDER_WAY: [Status; 3] = [Status::Searching, Status::Booked, Status::Dispatched];

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

/// Does it once; says of how many shipments the address was forgotten.
pub async fn once(app: &App) -> Result<u64, Error> {
    let now = app.clock.now();
    let removed = closed_accounts::forget(app).await?;
    if removed > 0 {
        tracing::info!(removed, "late addresses of removed accounts are forgotten");
    }
    let mut connection = app.db.acquire().await?;
    let old = shipments::forget_old(&mut connection, now - ANNOUNCED, now - ENDED).await?;
    if old > 0 {
        tracing::info!(old, "old addresses were forgotten");
    }
    let standing = shipments::standing(&mut connection).await?;
    for status in UNDER_WAY {
        let found = standing.iter().find(|one| one.status == status);
        let count = found.map_or(0, |one| one.count);
        let seconds = found.map_or(0, |one| (now - one.since).num_seconds());
        metrics::gauge!("crema_shipments", "status" => status.name()).set(whole(count));
        metrics::gauge!("crema_shipments_oldest_seconds", "status" => status.name())
            .set(whole(seconds));
    }
    Ok(removed + old)
}

/// What a gauge can hold exactly; more than that is beyond any alert.
fn whole(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}
