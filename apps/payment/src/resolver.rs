//! Settles what was left undecided: by a provider that did not answer, or by a process that ended halfway.
//!
//! Invariant: it takes up only what it has leased, so replicas share the work, and what an operation does is done once
//! even if a lease fails, because its key at the provider stays the same.

use std::time::Duration;

use futures::future::join_all;
use service::server::Shutdown;

use crate::error::Error;
use crate::settle::{self, Asked};
use crate::state::App;
use crate::store;

/// How often it looks when nothing has woken it.
const EVERY: Duration = Duration::from_millis(500);
/// Operations that are taken up at once.
const MOST: i64 = 16;

/// Settles until the end is requested.
pub async fn run(app: App, shutdown: Shutdown) {
    loop {
        match pass(&app).await {
            Ok(0) => {}
            Ok(_) if shutdown.is_requested() => return,
            Ok(_) => continue,
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "undecided operations can't be read"
            ),
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = app.undecided.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Takes up what is due, once; says how many operations that were.
pub async fn pass(app: &App) -> Result<usize, sqlx::Error> {
    let mut connection = app.db.acquire().await?;
    let due = store::operations::lease_due(&mut connection, MOST).await?;
    // Asking the provider may take seconds, and connections are few.
    drop(connection);
    let all = due.iter().map(async |operation| {
        match settle::drive(app, operation, Asked::Perhaps).await {
            Ok(_) | Err(Error::Unknown) => {}
            Err(error) => tracing::error!(
                operation.kind = operation.kind.name(),
                order.id = %operation.order_id.0,
                error = &error as &dyn std::error::Error,
                "an operation can't be settled"
            ),
        }
    });
    join_all(all).await;
    Ok(due.len())
}
