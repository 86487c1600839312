//! What is done now and then: old answers under idempotency keys are deleted, new history is sealed, orders of closed
//! accounts are cancelled, what waits for a person is counted.
//!
//! Invariant: no answer to anybody depends on whether it has been done yet.

use std::time::Duration;

use service::database;
use service::idempotency::horizon;
use service::server::Shutdown;
use tokio::time::{MissedTickBehavior, interval};

use crate::audit::Seal;
use crate::closed_accounts;
use crate::state::App;
use crate::store;

/// How often old answers are deleted.
const FORGET: Duration = Duration::from_mins(10);
/// How often history is sealed.
const SEAL: Duration = Duration::from_secs(1);
/// How often orders of closed accounts are looked for.
const CANCEL: Duration = Duration::from_secs(1);
/// How often what waits for a person is counted.
const COUNT: Duration = Duration::from_secs(5);
/// How many rows of history one seal covers at most; what is left gets the next one at once.
const MOST_ROWS: i64 = 10_000;

/// Does it until the end is requested.
pub async fn run(app: App, shutdown: Shutdown) {
    let every = [FORGET, SEAL, CANCEL, COUNT];
    let [mut forget, mut seal, mut cancel, mut count] = every.map(|every| {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    });
    loop {
        tokio::select! {
            () = shutdown.requested() => return,
            _ = forget.tick() => match forget_old_replays(&app).await {
                Ok(0) => {}
                Ok(deleted) => tracing::info!(deleted, "old idempotency keys were forgotten"),
                Err(error) => tracing::warn!(%error, "old idempotency keys can't be forgotten"),
            },
            _ = seal.tick() => if let Err(error) = seal_history(&app).await {
                tracing::warn!(%error, "history can't be sealed");
            },
            _ = cancel.tick() => if let Err(error) = closed_accounts::cancel_orders(&app).await {
                tracing::warn!(%error, "orders of closed accounts wait");
            },
            _ = count.tick() => if let Err(error) = count_parked(&app).await {
                tracing::warn!(%error, "what waits for a person can't be counted");
            },
        }
    }
}

/// Tells the metrics how many checkouts and returns wait for a person (alerts/order.yaml).
pub async fn count_parked(app: &App) -> Result<(), sqlx::Error> {
    let mut connection = app.db.acquire().await?;
    let checkouts = store::checkouts::count_manual(&mut connection).await?;
    let returns = store::return_holds::count_manual(&mut connection).await?;
    for (name, parked) in [
        ("crema_checkouts_manual", checkouts),
        ("crema_returns_manual", returns),
    ] {
        metrics::gauge!(name).set(f64::from(i32::try_from(parked).unwrap_or(i32::MAX)));
    }
    Ok(())
}

/// Deletes the answers that no longer count; says how many.
pub async fn forget_old_replays(app: &App) -> Result<u64, sqlx::Error> {
    let mut connection = app.db.acquire().await?;
    store::replays::forget(&mut connection, horizon(app.clock.now())).await
}

/// Seals what no seal covers yet, unless another process is at it; says how many seals it took.
pub async fn seal_history(app: &App) -> Result<u64, sqlx::Error> {
    let mut seals = 0;
    while seal_some(app).await? {
        seals += 1;
    }
    Ok(seals)
}

async fn seal_some(app: &App) -> Result<bool, sqlx::Error> {
    let mut transaction = database::begin(&app.db).await?;
    let heads = if store::seals::lead(&mut transaction).await? {
        store::seals::take_unsealed(&mut transaction, MOST_ROWS).await?
    } else {
        Vec::new()
    };
    if heads.is_empty() {
        // Now, and not when the connection is used again: until then nobody could lead.
        transaction.rollback().await?;
        return Ok(false);
    }
    let last = store::seals::last(&mut transaction).await?;
    let seal = Seal::new(last, app.clock.now(), heads);
    store::seals::insert(&mut transaction, &seal).await?;
    transaction.commit().await?;
    // The log is out of the database's reach, so a chain of seals that was made anew shows against it.
    tracing::info!(seal = seal.number, digest = %seal.digest, orders = seal.heads.len(), "history was sealed");
    Ok(true)
}
